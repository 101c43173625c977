import { daemonDescriptions } from '../daemons/descriptions.ts';
import { localHost } from '../sessions/identity.ts';
import { isSameTransfer } from '../sessions/progress.ts';
import { type Scope, type SomeScope, sessionFilter } from '../sessions/scope.ts';
import type { FtpSession, SessionState, Snapshot } from '../sessions/session.ts';

export type Direction = Exclude<SessionState, 'idle'>;

/** What scans have shown of one daemon's sessions, in all. */
export interface DaemonTotals {
  /** Sessions that a scan showed and none before it. */
  logins: number;
  /** How far transfers had moved on from one scan to the next, in bytes. */
  readonly bytes: Record<Direction, number>;
}

/** Adds up what successive scans show. What comes and goes between two of them is not in it. */
export interface SnapshotCounter {
  /** Takes a snapshot of that scope. */
  add(snapshot: Snapshot, scope: Scope): void;
  /** By the daemon's name. */
  readonly totals: ReadonlyMap<string, DaemonTotals>;
}

/**
 * A counter that begins now; `beganAt` is that moment in seconds since the epoch. A session that connected before
 * is no new login. It remembers the sessions that its last snapshots showed, and no others.
 */
export function createSnapshotCounter(beganAt = Date.now() / 1000): SnapshotCounter {
  const known = createKnownSessions();
  const totals = new Map(daemonDescriptions.map(({ name }) => [name, noTotals()]));

  function count(session: FtpSession, before: FtpSession | null): void {
    const total = totals.get(session.daemon) ?? noTotals();
    totals.set(session.daemon, total);
    const wasThere = session.connectedAt !== null && session.connectedAt < Math.floor(beganAt);
    if (before === null && !wasThere) total.logins += 1;
    if (session.state !== 'idle') total.bytes[session.state] += movedOn(session, before);
  }

  return {
    totals,
    add: ({ sessions, gaps }, scope) => {
      for (const session of sessions) {
        // Other hosts count their own.
        if (session.host !== localHost) continue;
        const before = known.track(session);
        // A session that is as it was is the same object.
        if (before === session) continue;
        count(session, before?.startTime === session.startTime ? before : null);
      }
      // The sessions of a daemon that could not be looked at have not ended.
      if (gaps.some(({ cause }) => cause === 'daemon-failed')) return;
      known.forgetOthers(sessions, scope);
    },
  };
}

function noTotals(): DaemonTotals {
  return { logins: 0, bytes: { download: 0, upload: 0 } };
}

/**
 * How many bytes a transfer has moved since the scan before. None when it is first seen: what a
 * transfer says of itself includes what REST skipped.
 */
function movedOn(session: FtpSession, before: FtpSession | null): number {
  if (before === null || !isSameTransfer(before, session)) return 0;
  if (session.bytesMoved === null || before.bytesMoved === null) return 0;
  return session.bytesMoved - before.bytesMoved;
}

/** Sessions by owner and pid, since a snapshot is of certain owners or of all. */
function createKnownSessions() {
  const known = new Map<number, Map<number, FtpSession>>();

  /** Keeps a session and returns what was known under its owner and pid. */
  function track(session: FtpSession): FtpSession | null {
    const ofOwner = known.get(session.ownerUid) ?? new Map<number, FtpSession>();
    known.set(session.ownerUid, ofOwner);
    const before = ofOwner.get(session.pid) ?? null;
    if (before !== session) ofOwner.set(session.pid, session);
    return before;
  }

  /** Forgets what is in the scope and not among these. */
  function forgetOthers(sessions: readonly FtpSession[], scope: Scope): void {
    if (scope.kind === 'some' && scope.logins.length > 0) forgetSome(sessions, scope);
    else forgetOwners(sessions, ownersOf(sessions, scope));
  }

  /** Here no system user has a uid, but those that have sessions still are in the scope. */
  function ownersOf(sessions: readonly FtpSession[], scope: Scope): readonly number[] {
    if (scope.kind === 'everybody') return [...known.keys()];
    return scope.kind === 'some'
      ? scope.uids
      : [...new Set(sessions.map(({ ownerUid }) => ownerUid))];
  }

  function forgetSome(sessions: readonly FtpSession[], scope: SomeScope): void {
    const isInScope = sessionFilter(scope);
    const there = new Set(sessions);
    for (const ofOwner of known.values()) {
      for (const [pid, session] of ofOwner) {
        if (isInScope(session) && !there.has(session)) ofOwner.delete(pid);
      }
    }
  }

  function forgetOwners(sessions: readonly FtpSession[], wanted: readonly number[]): void {
    const count = wanted.reduce((sum, owner) => sum + (known.get(owner)?.size ?? 0), 0);
    // All of these were tracked a moment ago: as many as these are no others.
    if (count === sessions.length) return;
    for (const owner of wanted) known.delete(owner);
    for (const session of sessions) track(session);
  }

  return { track, forgetOthers };
}
