import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
} from 'node:fs';
import { dirname, normalize } from 'node:path';
import { isLocalFileSystem } from './processes/local-file-systems.ts';
import { O_PATH, parseFdinfo } from './processes/procfs/fd.ts';
import { createMounts } from './processes/procfs/mountinfo.ts';
import { readProcFile } from './processes/procfs/read-file.ts';

/** What keeps a file from being read. */
export type RootsFileFault = 'untrusted' | 'unreadable';

/**
 * The bytes of a file of root's, at most so many. `untrusted` where anybody but root could have put it
 * there: every folder of its path, and the file, must be root's and writable by nobody else (a folder
 * may be sticky, as /tmp is), and no part of it a link. So nothing that a customer has is opened. A file
 * system that another than the kernel answers for may never do so, or say of a file that it is root's:
 * what lies on one is not trusted either.
 */
export function readRootsFile(path: string, maxBytes: number): Buffer | RootsFileFault {
  const fd = openRootsFile(path);
  if (typeof fd === 'string') return fd;
  try {
    const { size } = fstatSync(fd);
    if (size > maxBytes) return 'unreadable';
    const bytes = Buffer.alloc(size);
    return readSync(fd, bytes, 0, size, 0) === size ? bytes : 'unreadable';
  } catch {
    return 'unreadable';
  } finally {
    closeSync(fd);
  }
}

/** A descriptor of such a file, to be closed by the caller. */
export function openRootsFile(path: string): number | RootsFileFault {
  const fault = faultOfFolders(dirname(path)) ?? (normalize(path) === path ? null : 'untrusted');
  if (fault !== null) return fault;
  let fd: number | undefined;
  try {
    if (!isRootsOwn(statLocally(path))) return 'untrusted';
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    if (!isRootsOwn(fstatSync(fd))) return 'untrusted';
    const opened = fd;
    fd = undefined;
    return opened;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ELOOP' ? 'untrusted' : 'unreadable';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function isRootsOwn(stat: Stats | null): boolean {
  return stat?.isFile() === true && stat.uid === 0 && (stat.mode & 0o022) === 0;
}

const mounts = createMounts('/proc');

/** Opens nothing (O_PATH) and asks the kernel alone; null where it is not the kernel that would answer. */
function statLocally(path: string): Stats | null {
  if (process.platform !== 'linux') return lstatSync(path);
  const fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
  try {
    const text = readProcFile(`/proc/self/fdinfo/${fd}`)?.toString('latin1') ?? '';
    const mountId = parseFdinfo(text)?.mountId ?? null;
    const mount = mountId === null ? null : mounts(['self'], mountId);
    return mount !== null && isLocalFileSystem(mount.type) ? fstatSync(fd) : null;
  } finally {
    closeSync(fd);
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
      const stat = statLocally(`/${parts.slice(0, count).join('/')}`);
      if (stat === null) return 'untrusted';
      const isOpen = (stat.mode & 0o022) !== 0 && (stat.mode & 0o1000) === 0;
      if (!stat.isDirectory() || stat.uid !== 0 || isOpen) return 'untrusted';
    } catch {
      return 'unreadable';
    }
  }
  return null;
}
