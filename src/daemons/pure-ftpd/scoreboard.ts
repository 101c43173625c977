import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { formatDevice } from '../../os/processes/device.ts';
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
      /** The number of the file's inode, in decimal. */
      readonly inode: string;
      /** The device of the file, "MAJOR:MINOR". */
      readonly device: string;
    }
  | { readonly kind: 'missing' | 'unreadable' | 'layout-unknown' };

export interface Scoreboard {
  read(pid: number): ScoreboardReading;
}

/** pure-ftpd writes the pid with at least eight digits: SCOREBOARD_PREFIX "%08lu". */
export function entryName(pid: number): string {
  return `client-${String(pid).padStart(8, '0')}`;
}

/** True for the text of a link to the record of that pid, also after its file was removed. */
export function isRecordLink(target: string, pid: number): boolean {
  const name = `/${entryName(pid)}`;
  return target.endsWith(name) || target.endsWith(`${name} (deleted)`);
}

/**
 * The scoreboard in the first of `directories` that exists, by the names of its files: for a process that may
 * not look at what a session holds open. A directory or file that is not root's alone is not
 * believed. Directories are looked for when the first entry is read.
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
    const opened = fd;
    const read = (into: Buffer) => readSync(opened, into, 0, into.length, 0);
    const reading = readEntryOf(pid, read);
    if (reading.kind !== 'entry') return reading;
    return { ...reading, inode: String(file.ino), device: formatDevice(file.dev) };
  } catch (error) {
    return {
      kind: hasCode(error, 'ENOENT', 'ENOTDIR') ? 'missing' : 'unreadable',
    };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

const buffer = Buffer.allocUnsafe(scoreboardEntryLimit);

/**
 * Reads a whole entry. pure-ftpd writes it through a memory map, under a lock that is not taken here:
 * a reader that holds it stalls the FTP user.
 */
export function readEntryOf(
  pid: number,
  read: (into: Buffer) => number,
):
  | { readonly kind: 'entry'; readonly entry: ScoreboardEntry }
  | { readonly kind: 'missing' | 'layout-unknown' } {
  const length = Math.max(read(buffer), 0);
  const entry = parseScoreboardEntry(buffer.subarray(0, length));
  if (entry === null) return { kind: 'layout-unknown' };
  return entry.pid === pid ? { kind: 'entry', entry } : { kind: 'missing' };
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
