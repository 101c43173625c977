import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { isRecordLink, readEntryOf } from '../daemons/pure-ftpd/scoreboard.ts';
import type { ScoreboardEntry } from '../daemons/pure-ftpd/scoreboard-entry.ts';
import { holdsFile } from './holds-file.ts';

/** A record of pure-ftpd's that is kept open, so that it can be read after its removal. */
export interface OpenRecord {
  /** The number of its file's inode, in decimal. */
  readonly inode: string;
  /** What it says now; null when it is no record of this pid, or not yet, and once it is closed. */
  read(): ScoreboardEntry | null;
  /** True once it was removed. */
  isRemoved(): boolean;
  /** When that was, in ms since the epoch, however late it is asked; null before. */
  removedAt(): number | null;
  close(): void;
}

/**
 * Opens the record of a pid by its path; null when it is gone. Throws for what is no regular file of
 * root's alone, and the system's error otherwise.
 */
export function openRecord(path: string, pid: number): OpenRecord | null {
  let fd: number;
  try {
    // Neither a link nor a pipe is followed or waited for: the daemon makes regular files only.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const { uid, mode, ino } = fstatSync(fd);
  const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
  if (!isFile || uid !== 0 || (mode & 0o022) !== 0) {
    closeSync(fd);
    throw new Error(`${path} is not root's alone`);
  }
  let isOpen = true;
  return {
    inode: String(ino),
    read: () => {
      if (!isOpen) return null;
      const reading = readEntryOf(pid, (into) => readSync(fd, into, 0, into.length, 0));
      return reading.kind === 'entry' ? reading.entry : null;
    },
    isRemoved: () => fstatSync(fd).nlink === 0,
    removedAt: () => {
      // Its removal is the last change of its inode: nobody else may write to it.
      const { nlink, ctimeMs } = fstatSync(fd);
      return nlink === 0 ? ctimeMs : null;
    },
    close: () => {
      isOpen = false;
      closeSync(fd);
    },
  };
}

/**
 * Whether the process that has this pid now holds that very record open, as a session does for as long as it
 * lasts; null where its files may not be seen.
 */
export function isHeldBy(procRoot: string, pid: number, { inode }: OpenRecord): boolean | null {
  return holdsFile(procRoot, pid, inode, (target) => isRecordLink(target, pid));
}
