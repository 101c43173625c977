import type { OpenFile, ProcessFacts, ProcessFiles } from '../../os/processes/process-table.ts';
import { type HeldFile, heldFile } from '../held-file.ts';

const removed = ' (deleted)';

/** The path in the text of a link, without the kernel's mark of a file that was removed. */
export function pathOf(target: string): string {
  return target.endsWith(removed) ? target.slice(0, -removed.length) : target;
}

/** A session has one; a customer of mod_sftp can open some that look alike. */
const maxDescribed = 8;

/**
 * The descriptors of a session that can be its scoreboard's, the likeliest first: files that it holds
 * for reading and writing beside one of the same name with ".lck" behind. ProFTPD opens both before
 * the login and holds them until its end, also after they were removed. Asks nothing but the kernel.
 */
export function* scoreboardsAmong(
  process: ProcessFacts,
  open: readonly OpenFile[],
  files: ProcessFiles,
): Generator<HeldFile> {
  const paths = new Set(open.map(({ target }) => pathOf(target)));
  let described = 0;
  for (const { fd, target } of open) {
    if (!target.startsWith('/') || !paths.has(`${pathOf(target)}.lck`)) continue;
    if (described === maxDescribed) return;
    described += 1;
    const info = files.describe(process, fd);
    if (info === null || info.access !== 'read-write' || info.isDirectory) continue;
    yield heldFile(process, fd, info, files);
  }
}

/** What tells one scoreboard from another. */
export function scoreboardName({ device, inode }: Pick<HeldFile, 'device' | 'inode'>): string {
  return `${device} ${inode}`;
}
