import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import {
  parseScoreboardEntry,
  type ScoreboardEntry,
  scoreboardEntryLimit,
} from './scoreboard-entry.ts';

/** What the scoreboard says of a pid. */
export type ScoreboardReading =
  | {
      readonly kind: 'entry';
      readonly entry: ScoreboardEntry;
      /** Device and inode of the entry's file. */
      readonly identity: string;
    }
  | { readonly kind: 'missing' | 'unreadable' | 'layout-unknown' };

export interface Scoreboard {
  read(pid: number): ScoreboardReading;
}

/** pure-ftpd writes the pid with at least eight digits: SCOREBOARD_PREFIX "%08lu". */
export function entryName(pid: number): string {
  return `client-${String(pid).padStart(8, '0')}`;
}

/**
 * The scoreboard in the first of `directories` that exists: one file a session, which the session
 * writes through a memory map. It is read without its lock, because a reader that holds the lock
 * stalls the FTP user. A directory or file that is not root's alone is not believed. Directories are
 * looked for when the first entry is read.
 */
export function openScoreboard(directories: readonly string[]): Scoreboard {
  let opened: Scoreboard | null = null;
  return {
    read: (pid) => {
      opened ??= openFirst(directories);
      return opened.read(pid);
    },
  };
}

function openFirst(directories: readonly string[]): Scoreboard {
  for (const directory of directories) {
    try {
      const { uid, mode } = statSync(directory);
      if (uid !== 0 || (mode & 0o022) !== 0) return { read: () => ({ kind: 'unreadable' }) };
      return { read: (pid) => readEntry(`${directory}/${entryName(pid)}`, pid) };
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'ENOTDIR')) return { read: () => ({ kind: 'unreadable' }) };
    }
  }
  return { read: () => ({ kind: 'missing' }) };
}

const buffer = Buffer.allocUnsafe(scoreboardEntryLimit);

function readEntry(path: string, pid: number): ScoreboardReading {
  let fd: number | undefined;
  try {
    // Neither a link nor a pipe is followed or waited for: the daemon makes regular files only.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    fd = openSync(path, flags);
    const file = fstatSync(fd, { bigint: true });
    if (!file.isFile() || file.uid !== 0n || (file.mode & 0o022n) !== 0n) {
      return { kind: 'unreadable' };
    }
    const length = readSync(fd, buffer, 0, scoreboardEntryLimit, 0);
    const entry = parseScoreboardEntry(buffer.subarray(0, length));
    if (entry === null) return { kind: 'layout-unknown' };
    if (entry.pid !== pid) return { kind: 'missing' };
    return { kind: 'entry', entry, identity: `${file.dev}:${file.ino}` };
  } catch (error) {
    return {
      kind: hasCode(error, 'ENOENT', 'ENOTDIR') ? 'missing' : 'unreadable',
    };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
