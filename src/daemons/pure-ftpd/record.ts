import type { Process, ProcessFiles } from '../../os/processes/process-table.ts';
import { type HeldFile, isSameFile } from '../held-file.ts';
import { findOwnRecord } from './own-record.ts';
import { readEntryOf, type Scoreboard } from './scoreboard.ts';
import type { ScoreboardEntry } from './scoreboard-entry.ts';
import { findTransferPath } from './transfer-path.ts';

/** The record of one process, or why there is none. */
export type SessionRecord =
  | {
      readonly kind: 'entry';
      readonly entry: ScoreboardEntry;
      /** False where its name and its time alone speak for its being this process'. */
      readonly isOwn: boolean;
      /** False when the session may have been writing it just then. */
      readonly isSettled: boolean;
      /** The full path of the file in transfer; null when idle or not to be proven. */
      readonly path: string | null;
    }
  /** "missing" is known: the process holds none. What cannot be told is "unreadable". */
  | { readonly kind: 'missing' | 'unreadable' | 'layout-unknown' };

/**
 * Reads the record that this very process keeps, through the descriptor by which it holds it from
 * its first moment to its last: no path is followed, so it does not matter where the daemon keeps
 * records, or whether somebody has put another file in the place of this one. Records outlive crashes
 * and pids come back, so what has only the right name is no proof.
 *
 * The session changes its record under a write lock that a reader must not take. When the lock was
 * free between two readings that say the same, the record was whole.
 */
export function readRecord(
  process: Process,
  scoreboard: Scoreboard,
  files: ProcessFiles | null,
): SessionRecord {
  const open = files?.list(process) ?? null;
  if (files === null || open === null) return readByTime(process, scoreboard);
  const own = findOwnRecord(process, open, files);
  if (own === 'none') return { kind: 'missing' };
  if (own === 'unknown') return { kind: 'unreadable' };
  if (!own.isLocal) return readByName(process, own, scoreboard, files);
  const file = files.open(process, own.fd);
  if (file === null) return { kind: 'unreadable' };
  try {
    if (!file.writableByRootOnly) return { kind: 'unreadable' };
    const read = () => readEntryOf(process.pid, (into) => file.read(into, 0, into.length));
    return readTwice(process, own.fd, read, files);
  } finally {
    file.close();
  }
}

type Reading = ReturnType<typeof readEntryOf> | { readonly kind: 'unreadable' };

function readTwice(
  process: Process,
  fd: number,
  read: () => Reading,
  files: ProcessFiles,
): SessionRecord {
  const first = read();
  if (first.kind !== 'entry') return first;
  const wasLocked = files.describe(process, fd)?.isLocked ?? true;
  // Between the two readings, so that it is this very transfer's.
  const path = findTransferPath(process, first.entry, fd, files);
  const isSame = isSameReading(first.entry, read());
  return {
    kind: 'entry',
    entry: first.entry,
    isOwn: true,
    isSettled: !wasLocked && isSame,
    path: isSame ? path : null,
  };
}

/**
 * Where it is not certain that opening a file comes back: reads the one in the scoreboard's own
 * directory, if the kernel knows the process' file by the same device and inode.
 */
function readByName(
  process: Process,
  own: HeldFile,
  scoreboard: Scoreboard,
  files: ProcessFiles,
): SessionRecord {
  const read = (): Reading => {
    const reading = scoreboard.read(process.pid);
    if (reading.kind === 'missing') return { kind: 'unreadable' };
    if (reading.kind !== 'entry') return reading;
    return isSameFile(own, reading) === true ? reading : { kind: 'unreadable' };
  };
  return readTwice(process, own.fd, read, files);
}

/**
 * Where open files may not be read: the daemon forks for a connection and notes its time at once, so
 * the times of a process and of its own record differ by the clocks' coarseness only. That none is
 * found by its name does not tell that there is none.
 */
function readByTime(process: Process, scoreboard: Scoreboard): SessionRecord {
  const first = scoreboard.read(process.pid);
  if (first.kind === 'layout-unknown') return { kind: first.kind };
  if (first.kind !== 'entry' || !fitsInTime(process, first.entry)) return { kind: 'unreadable' };
  const { entry } = first;
  const isSettled = isSameReading(entry, scoreboard.read(process.pid));
  return { kind: 'entry', entry, isOwn: false, isSettled, path: null };
}

/** All but the progress, which changes without the lock. */
function isSameReading(a: ScoreboardEntry, second: Reading): boolean {
  if (second.kind !== 'entry') return false;
  const b = second.entry;
  return (
    a.state === b.state &&
    a.account === b.account &&
    a.file === b.file &&
    a.connectedAt === b.connectedAt &&
    a.transferStartedAt === b.transferStartedAt
  );
}

function fitsInTime({ startedAtMs }: Process, { connectedAt }: ScoreboardEntry): boolean {
  return startedAtMs !== null && Math.abs(connectedAt - startedAtMs / 1000) <= 2;
}
