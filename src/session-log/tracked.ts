import type { ScoreboardEntry } from '../daemons/pure-ftpd/scoreboard-entry.ts';
import { readOrigin, readStartTime } from '../os/processes/procfs/facts.ts';
import type { OpenRecord } from './open-record.ts';
import type { Transferring } from './transfers.ts';

/** What is known of a session whose record is held open. */
export interface TrackedFacts {
  readonly pid: number;
  /** Where its record is. */
  readonly folder: string;
  /** Null where it was over before it was certain which process it was. */
  readonly start: string | null;
  readonly masterPid: number | null;
  readonly masterStart: string | null;
  readonly record: OpenRecord;
  /** The last reading that was one. */
  entry: ScoreboardEntry | null;
  owner: number | null;
  /** Its process had root's rights at the last look. */
  seemedRoots: boolean;
  isBegun: boolean;
  /** It was to be ended by uapid. */
  isEnding: boolean;
  /** Its process was gone at the last look and its record was not. */
  wasGone: boolean;
  timer: NodeJS.Timeout | null;
}

export interface Tracked extends TrackedFacts {
  /** The same as its transfers are found. */
  readonly transferring: Transferring;
}

/**
 * Which process a session is, and which one is its master. Once its record is removed the pid may be another
 * process': nothing is known then that was read of it meanwhile.
 */
export function originOf(
  procRoot: string,
  pid: number,
  record: Pick<OpenRecord, 'isRemoved'>,
): Pick<TrackedFacts, 'start' | 'masterPid' | 'masterStart'> {
  const origin = readOrigin(procRoot, pid);
  if (origin === null || record.isRemoved()) {
    return { start: null, masterPid: null, masterStart: null };
  }
  const { startTime: start, parentPid: masterPid } = origin;
  return { start, masterPid, masterStart: readStartTime(procRoot, masterPid) };
}

/** pure-ftpd's own name of a session, as its stats log has it: connection and pid in hexadecimal. */
export function sessionName({ pid, entry }: Pick<TrackedFacts, 'pid' | 'entry'>): string {
  return `${(entry?.connectedAt ?? 0).toString(16)}.${pid.toString(16)}`;
}

/**
 * Takes what the record says by now. A record that a crash has left behind is written over by the next session with
 * its pid: what another process has written, or what has another time of connection, is not this session's but
 * `anothers`.
 */
export function readOwnRecord(
  procRoot: string,
  session: Pick<TrackedFacts, 'pid' | 'start' | 'record' | 'entry'>,
): 'read' | 'unreadable' | 'anothers' {
  const { pid, start, record, entry } = session;
  const now = record.read();
  if (now === null) return 'unreadable';
  // Asked after the reading: whoever wrote it was there before.
  const startNow = readStartTime(procRoot, pid);
  const isAnothers = startNow !== null && startNow !== start && !record.isRemoved();
  const isLater =
    entry !== null && entry.connectedAt !== 0 && entry.connectedAt !== now.connectedAt;
  if (isAnothers || isLater) return 'anothers';
  session.entry = now;
  return 'read';
}

/** A session whose login is read when it is asked for, as nothing tells of one. */
export function asTransferring(procRoot: string, session: TrackedFacts): Transferring {
  const { pid, masterPid, masterStart } = session;
  const entryNow = () => {
    if (session.entry === null || session.entry.account === '?') readOwnRecord(procRoot, session);
    return session.entry;
  };
  return {
    daemon: 'pure-ftpd',
    seen: 'events',
    master: masterPid === null ? 'pure-ftpd' : `${masterPid} ${masterStart}`,
    process: { pid },
    id: () => (session.entry === null ? null : sessionName(session)),
    user: () => {
      const account = entryNow()?.account ?? '?';
      return account === '?' ? null : account;
    },
    address: () => session.entry?.remoteAddress ?? null,
    connectedAt: () => (session.entry === null ? null : session.entry.connectedAt * 1000),
  };
}
