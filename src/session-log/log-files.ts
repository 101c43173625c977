import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A file of a log: the one that is written to, or one that was set aside. */
export interface LogFile {
  readonly path: string;
  readonly isCompressed: boolean;
  /** When it was last written to, in ms since the epoch. */
  readonly changedAt: number;
  readonly bytes: number;
}

/** As logrotate(8) names old files, by number or by date, and as this program does; and compressed. */
const suffix = /^(?:\.\d{1,4}|-\d{8}(?:-\d{1,10}|T\d{6}Z(?:-\d{1,4})?)?)?(?:\.gz)?$/;

/** All files of the log at `path` that there are, oldest first. Throws when the folder cannot be read. */
export function listLogFiles(path: string): LogFile[] {
  const [folder, name] = [dirname(path), basename(path)];
  const names = readdirSync(folder).filter(
    (each) => each.startsWith(name) && suffix.test(each.slice(name.length)),
  );
  const files = names.flatMap((each): LogFile[] => {
    const file = join(folder, each);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile()) return [];
    const isCompressed = each.endsWith('.gz');
    return [{ path: file, isCompressed, changedAt: stat.mtimeMs, bytes: stat.size }];
  });
  const order = ({ path: file, changedAt }: LogFile) => (file === path ? Infinity : changedAt);
  return files.sort((a, b) => (order(a) === order(b) ? 0 : order(a) - order(b)));
}

/** When a line was last written, in ms since the epoch; null when there is none yet. */
export function lastWrittenAt(path: string): number | null {
  // A file that logrotate(8) has made anew is younger than the last line.
  const files = listLogFiles(path).filter(({ bytes }) => bytes > 0);
  // One that was set aside may be from a time to come, since the clock was set back.
  const current = files.find((file) => file.path === path);
  if (current !== undefined) return current.changedAt;
  const times = files.map(({ changedAt }) => changedAt);
  return times.length === 0 ? null : Math.max(...times);
}

/** The name under which the file at `path` is set aside at a time. */
export function asideName(path: string, at: Date): string {
  const stamp = `${at.toISOString().replace(/[-:]|\.\d+/g, '')}`;
  const name = `${path}-${stamp}`;
  for (let number = 0; ; number += 1) {
    const free = number === 0 ? name : `${name}-${number}`;
    if (statSync(free, { throwIfNoEntry: false }) === undefined) return free;
  }
}

/** Removes the files that were set aside and that nothing was written to for so many days. */
export function removeOld(path: string, days: number, now = Date.now()): void {
  for (const { path: file, changedAt } of listLogFiles(path)) {
    if (file !== path && now - changedAt > days * dayMs) rmSync(file, { force: true });
  }
}

export const dayMs = 24 * 60 * 60 * 1000;
