import { identityKey } from './identity.ts';
import { isSameTransfer, type Point, rateBetween, rateSoFar, shortestMs } from './progress.ts';
import type { FtpSession, Snapshot } from './session.ts';

/** What only several scans tell of a session. */
export interface Motion {
  /** Null when idle or unknown. */
  readonly rateBytesPerSecond: number | null;
  /** Seconds since the epoch; null in a transfer or when unknown. */
  readonly idleSince: number | null;
}

/** Tells the motion of each session of a snapshot, by what earlier ones of the same watcher showed. */
export type TransferWatch = (
  watcher: string,
  snapshot: Snapshot,
) => ReadonlyMap<FtpSession, Motion>;

/** What is remembered of a session. */
interface Track {
  readonly session: FtpSession;
  /** The newest point at least `shortestMs` before `recent`, and the newest one to follow it. */
  readonly earlier: Point | null;
  readonly recent: Point | null;
  readonly idleSince: number | null;
}

interface Watcher {
  readonly begunAt: number;
  readonly tracks: ReadonlyMap<string, Track>;
}

/** What is older counts no more: a rate over it would be another way to say the transfer's own. */
const oldestMs = 60_000;
/** A session that was seen to become idle between two scans has been so since the later one. */
const maxGapMs = 5000;
/** The one that asked longest ago is forgotten first. */
const maxWatchers = 1000;

/**
 * Remembers the last scans of each watcher, of the sessions that the newest one has. Watchers that
 * see different sessions share nothing: else the time over which a rate is taken would tell one that
 * somebody else has looked.
 */
export function createTransferWatch(): TransferWatch {
  const watchers = new Map<string, Watcher>();
  return (name, { begunAt, sessions }) => {
    const last = watchers.get(name);
    const gapMs = last === undefined ? Infinity : begunAt - last.begunAt;
    // The clock may have been set back.
    const known = gapMs >= 0 && gapMs <= oldestMs ? last?.tracks : undefined;
    const tracks = new Map<string, Track>();
    const motions = new Map<FtpSession, Motion>();
    for (const session of sessions) {
      const identity = identityKey(session);
      const track = follow(known?.get(identity), session, begunAt, gapMs);
      tracks.set(identity, track);
      motions.set(session, motionOf(track, begunAt));
    }
    watchers.delete(name);
    watchers.set(name, { begunAt, tracks });
    forgetSome(watchers, begunAt);
    return motions;
  };
}

function follow(
  before: Track | undefined,
  session: FtpSession,
  begunAt: number,
  gapMs: number,
): Track {
  if (session.state === 'idle') {
    const idleSince = session.idleSince ?? seenIdleSince(before, session, begunAt, gapMs);
    return { session, earlier: null, recent: null, idleSince };
  }
  const now = session.bytesMoved === null ? null : { at: begunAt, bytesMoved: session.bytesMoved };
  const { earlier, recent } =
    before !== undefined && isSameTransfer(before.session, session)
      ? before
      : { earlier: null, recent: null };
  const isNext = now !== null && (recent === null || now.at - recent.at >= shortestMs);
  return {
    session,
    ...(isNext ? { earlier: recent, recent: now } : { earlier, recent }),
    idleSince: null,
  };
}

function seenIdleSince(
  before: Track | undefined,
  session: FtpSession,
  begunAt: number,
  gapMs: number,
): number | null {
  if (before === undefined || session.lastTransferStartedAt === null) return null;
  const { state, lastTransferStartedAt } = before.session;
  const isAsBefore = state === 'idle' && lastTransferStartedAt === session.lastTransferStartedAt;
  // Within the second of the last transfer another one could have begun after that look.
  const isSecondOver = begunAt - gapMs >= (session.lastTransferStartedAt + 1) * 1000;
  if (isAsBefore && isSecondOver) return before.idleSince;
  return gapMs <= maxGapMs ? begunAt / 1000 : null;
}

function motionOf({ session, earlier, idleSince }: Track, begunAt: number): Motion {
  const { state, bytesMoved } = session;
  if (state === 'idle' || bytesMoved === null) return { rateBytesPerSecond: null, idleSince };
  const sinceLook = earlier === null ? null : rateBetween(earlier, { at: begunAt, bytesMoved });
  return { rateBytesPerSecond: sinceLook ?? rateSoFar(session, begunAt), idleSince };
}

/** The one that asked last is the last of them. */
function forgetSome(watchers: Map<string, Watcher>, now: number): void {
  for (const [name, { begunAt }] of watchers) {
    if (watchers.size <= maxWatchers && now - begunAt <= oldestMs) return;
    watchers.delete(name);
  }
}
