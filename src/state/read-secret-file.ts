import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StateFileError } from './state-file-error.ts';

/**
 * The text of a state file that nobody else may even read; null when there is none. Follows no link and
 * waits for no pipe. Throws StateFileError when it cannot be read, is open to others, or belongs to a
 * user that is neither root, nor this process's, nor the directory's.
 */
export function readSecretFile(path: string): string | null {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  let fd: number | undefined;
  try {
    fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    const { uid, mode } = requireRegular(path, fd);
    if ((mode & 0o077) !== 0) {
      const rights = (mode & 0o777).toString(8);
      throw new StateFileError(`${path} is open to others (mode ${rights}, not 600)`);
    }
    const owners = [0, process.geteuid?.(), statSync(dirname(path)).uid];
    if (!owners.includes(uid)) {
      throw new StateFileError(`${path} belongs to another user (uid ${uid})`);
    }
    return readFileSync(fd, 'utf8');
  } catch (error) {
    if (error instanceof StateFileError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new StateFileError(`${path} cannot be read (${code})`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function requireRegular(path: string, fd: number) {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw new StateFileError(`${path} is no regular file`);
  return stat;
}
