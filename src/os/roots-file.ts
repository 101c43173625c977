import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
} from 'node:fs';
import { dirname, normalize } from 'node:path';

/** What keeps a file from being read. */
export type RootsFileFault = 'untrusted' | 'unreadable';

/**
 * The bytes of a file of root's, at most so many. `untrusted` where anybody but root could have put it
 * there: every folder of its path, and the file, must be root's and writable by nobody else (a folder
 * may be sticky, as /tmp is), and no part of it a link. So nothing that a customer has is opened.
 */
export function readRootsFile(path: string, maxBytes: number): Buffer | RootsFileFault {
  const fault = faultOfFolders(dirname(path)) ?? (normalize(path) === path ? null : 'untrusted');
  if (fault !== null) return fault;
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.uid !== 0 || (stat.mode & 0o022) !== 0) return 'untrusted';
    if (stat.size > maxBytes) return 'unreadable';
    const bytes = Buffer.alloc(stat.size);
    return readSync(fd, bytes, 0, stat.size, 0) === stat.size ? bytes : 'unreadable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ELOOP' ? 'untrusted' : 'unreadable';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** The names in a folder of root's, sorted; a fault as for files. */
export function listRootsFolder(path: string): readonly string[] | RootsFileFault {
  const fault = faultOfFolders(path);
  if (fault !== null) return fault;
  try {
    return readdirSync(path).sort();
  } catch {
    return 'unreadable';
  }
}

/** From the root on: what a folder that is not root's holds is not even asked for. */
function faultOfFolders(path: string): RootsFileFault | null {
  if (!path.startsWith('/')) return 'untrusted';
  const parts = path.split('/').filter(Boolean);
  for (let count = 0; count <= parts.length; count += 1) {
    try {
      const stat = lstatSync(`/${parts.slice(0, count).join('/')}`);
      const isOpen = (stat.mode & 0o022) !== 0 && (stat.mode & 0o1000) === 0;
      if (!stat.isDirectory() || stat.uid !== 0 || isOpen) return 'untrusted';
    } catch {
      return 'unreadable';
    }
  }
  return null;
}
