import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { isLocalFileSystem } from '../os/processes/local-file-systems.ts';
import { listFiles, parseFdinfo } from '../os/processes/procfs/fd.ts';
import { createMounts } from '../os/processes/procfs/mountinfo.ts';
import { orNull, readProcFile } from '../os/processes/procfs/read-file.ts';
import { openRootsFile } from '../os/roots-file.ts';

/** A file that was opened to read, and its name: device and inode. */
export interface OpenedLog {
  readonly fd: number;
  readonly id: string;
  /** Where it lies; null for one that was removed. */
  readonly path: string | null;
}

/**
 * Opens the files that a process of a daemon holds open to write to and not to read, and that are
 * root's alone: its logs, whatever its configuration names them, also where they were renamed since.
 * They are opened through its descriptor, so that it is the very file; and only on a file system of
 * which the kernel itself is the keeper, so that nothing waits. A customer's upload is not root's. The
 * caller closes them.
 */
export function openLogsOf(procRoot: string, pid: number): readonly OpenedLog[] {
  const folder = `${procRoot}/${pid}`;
  const mounts = createMounts(procRoot);
  const opened: OpenedLog[] = [];
  for (const { fd, target } of orNull(() => listFiles(`${folder}/fd`)) ?? []) {
    if (!target.startsWith('/') || target.startsWith('/dev/') || fd <= 2) continue;
    const text = orNull(() => readProcFile(`${folder}/fdinfo/${fd}`))?.toString('latin1') ?? '';
    const info = parseFdinfo(text);
    if (info === null || info.access !== 'write' || info.mountId === null) continue;
    const mount = mounts(['self', pid], info.mountId);
    if (mount === null || !isLocalFileSystem(mount.type)) continue;
    const path = target.endsWith(' (deleted)') ? null : target;
    const log = openIfRoots(`${folder}/fd/${fd}`);
    if (log !== null) opened.push({ ...log, path });
  }
  return opened;
}

function openIfRoots(link: string): Omit<OpenedLog, 'path'> | null {
  let fd: number;
  try {
    fd = openSync(link, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  const stat = fstatSync(fd, { bigint: true });
  if (stat.isFile() && stat.uid === 0n && (stat.mode & 0o022n) === 0n) {
    return { fd, id: `${stat.dev}:${stat.ino}` };
  }
  closeSync(fd);
  return null;
}

/** The device and inode of what lies at a path now; null where nothing does. */
export function fileIdAt(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.dev}:${stat.ino}`;
}

/** Opens a log by its path, where all of that is root's alone (src/os/roots-file.ts); null otherwise. */
export function openLogAt(path: string): OpenedLog | null {
  const fd = openRootsFile(path);
  if (typeof fd === 'string') return null;
  const stat = fstatSync(fd, { bigint: true });
  return { fd, id: `${stat.dev}:${stat.ino}`, path };
}
