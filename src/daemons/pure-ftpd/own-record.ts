import { hasManyDevices, isLocalFileSystem } from '../../os/processes/local-file-systems.ts';
import type { OpenFile, ProcessFacts, ProcessFiles } from '../../os/processes/process-table.ts';
import { isRecordLink } from './scoreboard.ts';

/** The descriptor by which a process holds its own record, and what is known of it without a look. */
export interface OwnRecord {
  readonly fd: number;
  readonly inode: string | null;
  /** Of the file system that it is on, "MAJOR:MINOR"; null where that cannot be told. */
  readonly device: string | null;
  /** False where stat(2) may tell another device of a file than the list of mounts does. */
  readonly isDeviceCertain: boolean;
  /** True when the file can be opened through the descriptor: it lies where nothing waits. */
  readonly isLocal: boolean;
}

/** A process can name its files so by the thousand; a session has its record and one transfer. */
const maxDescribed = 8;

/**
 * Finds a session's own record among its open files, and asks nothing but the kernel. The daemon
 * opens it before the login, read-write, under its name of this pid, and closes it when it ends; so
 * of those that look like it, it has the lowest descriptor. What the customer has named so is not
 * taken for it: pure-ftpd opens a download to read and an upload to write. Its one file of the
 * customer's that is open for both is the quota's; renamed meanwhile, it is a later descriptor, and
 * where the daemon keeps no records at all it is opened only on a local file system, to be found the
 * customer's. "none" is known, "unknown" what too many files are named so for.
 */
export function findOwnRecord(
  process: ProcessFacts,
  open: readonly OpenFile[],
  files: ProcessFiles,
): OwnRecord | 'none' | 'unknown' {
  let described = 0;
  for (const { fd, target } of open) {
    if (!isRecordLink(target, process.pid)) continue;
    if (described === maxDescribed) return 'unknown';
    described += 1;
    const info = files.describe(process, fd);
    if (info === null || info.access !== 'read-write' || info.isDirectory) continue;
    const { mountId, inode } = info;
    const mount = mountId === null ? null : files.mountOf(process, mountId);
    return {
      fd,
      inode,
      device: mount?.device ?? null,
      isDeviceCertain: mount !== null && !hasManyDevices(mount.type),
      isLocal: mount !== null && isLocalFileSystem(mount.type),
    };
  }
  return 'none';
}

/**
 * True when a session's own record is the very file that the scoreboard has; null when that cannot be
 * told. An inode's number says nothing without its device: on a file system of his own a user
 * chooses it, and on one in memory he makes files until one has it.
 */
export function isSameFile(
  own: OwnRecord,
  recorded: { readonly inode: string; readonly device: string },
): boolean | null {
  if (own.inode === null || own.device === null) return null;
  if (own.inode !== recorded.inode) return own.isDeviceCertain ? false : null;
  return own.device === recorded.device || (own.isDeviceCertain ? false : null);
}
