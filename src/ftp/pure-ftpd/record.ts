import type { OpenFile, Process, ProcessFiles } from '../../processes/process-table.ts';
import { entryName, type Scoreboard } from './scoreboard.ts';
import type { ScoreboardEntry } from './scoreboard-entry.ts';
import { findTransferPath } from './transfer-path.ts';

/** The scoreboard's record of one process, or why there is none. */
export type SessionRecord =
  | {
      readonly kind: 'entry';
      readonly entry: ScoreboardEntry;
      /** False when the session may have been writing it just then. */
      readonly isSettled: boolean;
      /** The full path of the file in transfer; null when idle or not to be proven. */
      readonly path: string | null;
    }
  | { readonly kind: 'missing' | 'unreadable' | 'layout-unknown' };

/**
 * Reads the record that this very process keeps. Records outlive crashes and pids come back, so an
 * entry counts only when the process holds the entry's file open, which it does from its first
 * moment to its last.
 *
 * The session changes its record under a write lock that a reader must not take. When the lock was
 * free between two readings that say the same, the record was whole.
 */
export function readRecord(
  process: Process,
  scoreboard: Scoreboard,
  files: ProcessFiles | null,
): SessionRecord {
  const first = scoreboard.read(process.pid);
  if (first.kind !== 'entry') return first;
  const open = files?.list(process) ?? null;
  if (files === null || open === null) {
    return fitsInTime(process, first.entry)
      ? {
          ...first,
          isSettled: saysTheSame(first.entry, reread(scoreboard, process)),
          path: null,
        }
      : { kind: 'missing' };
  }
  const own = ownDescriptor(process, first.identity, open, files);
  if (own === null) return { kind: 'missing' };
  const wasLocked = files.describe(process, own)?.isLocked ?? true;
  // Between the two readings, so that it is this very transfer's.
  const path = findTransferPath(process, first.entry, open, files);
  const isSame = saysTheSame(first.entry, reread(scoreboard, process));
  return {
    kind: 'entry',
    entry: first.entry,
    isSettled: !wasLocked && isSame,
    path: isSame ? path : null,
  };
}

/** The descriptor by which a process holds the file of its own record, or null. */
export function findRecordDescriptor(
  process: Process,
  scoreboard: Scoreboard,
  files: ProcessFiles,
): number | null {
  const reading = scoreboard.read(process.pid);
  const open = files.list(process);
  if (reading.kind !== 'entry' || open === null) return null;
  return ownDescriptor(process, reading.identity, open, files);
}

function ownDescriptor(
  process: Process,
  identity: string,
  open: readonly OpenFile[],
  files: ProcessFiles,
): number | null {
  const suffix = `/${entryName(process.pid)}`;
  const own = open.find(
    ({ fd, target }) => target.endsWith(suffix) && files.identityOf(process, fd) === identity,
  );
  return own?.fd ?? null;
}

function reread(scoreboard: Scoreboard, { pid }: Process): ScoreboardEntry | null {
  const reading = scoreboard.read(pid);
  return reading.kind === 'entry' ? reading.entry : null;
}

/** All but the progress, which changes without the lock. */
function saysTheSame(a: ScoreboardEntry, b: ScoreboardEntry | null): boolean {
  return (
    b !== null &&
    a.state === b.state &&
    a.account === b.account &&
    a.file === b.file &&
    a.connectedAt === b.connectedAt &&
    a.transferStartedAt === b.transferStartedAt
  );
}

/**
 * Where open files cannot be read: the daemon forks for a connection and notes its time at once, so
 * the times of a process and of its own record differ by the clocks' coarseness only.
 */
function fitsInTime({ startedAtMs }: Process, { connectedAt }: ScoreboardEntry): boolean {
  return startedAtMs !== null && Math.abs(connectedAt - startedAtMs / 1000) <= 2;
}
