import type { OpenFile, ProcessFacts, ProcessFiles } from '../../processes/process-table.ts';
import { isRecordLink } from './scoreboard.ts';

/** The descriptor by which a process holds its own record, and what is known of it without a look. */
export interface OwnRecord {
  readonly fd: number;
  readonly inode: string | null;
  /** True when the file can be opened through the descriptor: it lies where nothing waits. */
  readonly isLocal: boolean;
}

/**
 * File systems that the kernel serves by itself, from memory or a disk of this machine. All others
 * can be somebody's program or another machine: an open(2) may never come back, and who a file
 * belongs to is that one's word.
 */
const localFileSystems = new Set(
  'tmpfs ramfs rootfs ext2 ext3 ext4 xfs btrfs bcachefs f2fs jfs reiserfs zfs overlay ubifs'.split(
    ' ',
  ),
);

/**
 * Finds a session's own record among its open files, and asks nothing but the kernel. The daemon
 * opens it before the login, read-write, under its name of this pid, and closes it when it ends; so
 * of those that look like it, it has the lowest descriptor. What the customer has named so is not
 * taken for it: pure-ftpd opens a download to read and an upload to write. Its one file of the
 * customer's that is open for both is the quota's; renamed meanwhile, it is a later descriptor, and
 * where the daemon keeps no records at all it is opened only on a local file system, to be found the
 * customer's.
 */
export function findOwnRecord(
  process: ProcessFacts,
  open: readonly OpenFile[],
  files: ProcessFiles,
): OwnRecord | null {
  for (const { fd, target } of open) {
    if (!isRecordLink(target, process.pid)) continue;
    const info = files.describe(process, fd);
    if (info === null || info.access !== 'read-write' || info.isDirectory) continue;
    const { mountId, inode } = info;
    const fileSystem = mountId === null ? null : files.fileSystemOf(process, mountId);
    return { fd, inode, isLocal: fileSystem !== null && localFileSystems.has(fileSystem) };
  }
  return null;
}
