import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { about, type Finding } from './finding.ts';

/** Below it a log may be full before somebody sees it. */
const leastFreeBytes = 64 * 1024 * 1024;

/** Whether a file that is written to, or made at its first line, can be, and has room. */
export function checkWritable(subject: string, path: string): Finding {
  const { ok, mend } = about(subject);
  const target = existsSync(path) ? path : nearestFolder(dirname(path));
  try {
    accessSync(target, constants.W_OK);
    const { bavail, bsize } = statfsSync(target);
    if (bavail * bsize < leastFreeBytes)
      return mend(`${path}: its file system has ${Math.floor((bavail * bsize) / 1e6)} MB left.`);
    return ok(`${path} can be written.`);
  } catch (error) {
    return mend(`${path} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** Whether a state directory is its owner's alone. */
export function checkStateDirectory(path: string): Finding {
  const { ok, note, mend } = about('state');
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return note(`${path} is not there; the first start makes it.`);
  if ((stat.mode & 0o077) !== 0) return mend(`${path} is open to others: chmod 700 ${path}`);
  return ok(`${path} is its owner’s alone.`);
}

function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(path));
}
