import { linkSync, renameSync, rmSync } from 'node:fs';
import { fileVersion } from './file-version.ts';

/** A second name of a state file, which tells a file that was removed from one that never was. */
export function lastCopyPath(path: string): string {
  return `${path}.last`;
}

/** True when there was a file under `path`, and it is gone. */
export function wasRemoved(path: string): boolean {
  return fileVersion(path) === 'absent' && fileVersion(lastCopyPath(path)) !== 'absent';
}

/**
 * Gives a file that was just written its second name; a link, so it costs no space. Whether that
 * works or not the file is written, so a fault is not told: an older copy stays until the next time.
 */
export function keepLastCopy(path: string): void {
  const draft = `${lastCopyPath(path)}.new`;
  try {
    rmSync(draft, { force: true });
    linkSync(path, draft);
    renameSync(draft, lastCopyPath(path));
  } catch {
    rmSync(draft, { force: true });
  }
}
