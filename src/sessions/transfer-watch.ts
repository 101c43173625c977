import { identityKey } from './identity.ts';
import { isSameTransfer, type Point, rateBetween, rateSoFar, shortestMs } from './progress.ts';
import type { DataConnection, FtpSession, SessionDetails, Snapshot } from './session.ts';

/** What a session's details and several scans tell of it. */
export interface Motion {
  /**
   * Bytes of the file that the client's side has, those skipped by REST included; of a download whose
   * connection is not known, those that the daemon has handed to the system. Null when idle or unknown.
   */
  readonly bytesMoved: number | null;
  /** Null when idle or unknown. */
  readonly rateBytesPerSecond: number | null;
  /** Seconds since the epoch; null in a transfer or when unknown. */
  readonly idleSince: number | null;
  /** Bytes of a download, this one or one that the daemon has done with, still on their way. */
  readonly unsentBytes: number | null;
  /** The download that the daemon has done with, while the system still sends what is left of it. */
  readonly sending: Pick<FtpSession, 'file' | 'path'> | null;
}

/** Tells the motion of each session of a snapshot, by what earlier ones of the same watcher showed. */
export type TransferWatch = (
  watcher: string,
  snapshot: Snapshot,
) => ReadonlyMap<FtpSession, Motion>;

/** What is remembered of a session. */
interface Track {
  /** When it was scanned, by the clock of its host, which its own times are by; in ms since the epoch. */
  readonly begunAt: number;
  readonly session: FtpSession;
  readonly bytesMoved: number | null;
  /** The newest point at least `shortestMs` before `recent`, and the newest one to follow it. */
  readonly earlier: Point | null;
  readonly recent: Point | null;
  readonly idleSince: number | null;
  /** The download that is on its way, and over what. */
  readonly sending: Sending | null;
}

interface Sending {
  readonly download: FtpSession;
  readonly over: DataConnection;
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
/** Sessions of all of them: a host of a fleet may say to each of its customers that he has 40,000. */
const maxKeptTracks = 200_000;

/**
 * Remembers the last scans of each watcher, of the sessions that the newest one has. Watchers that
 * see different sessions share nothing: else the time over which a rate is taken would tell one that
 * somebody else has looked.
 */
export function createTransferWatch(maxTracks = maxKeptTracks): TransferWatch {
  const watchers = new Map<string, Watcher>();
  let kept = 0;
  return (name, { begunAt, sessions, details, servers }) => {
    const known = watchers.get(name)?.tracks;
    const tracks = new Map<string, Track>();
    const motions = new Map<FtpSession, Motion>();
    for (const [index, session] of sessions.entries()) {
      const identity = identityKey(session);
      const scannedAt = servers?.begunAt.get(session.host) ?? begunAt;
      const look = { session, details: details?.[index], begunAt: scannedAt };
      const track = follow(recentOf(known?.get(identity), scannedAt), look);
      tracks.set(identity, track);
      motions.set(session, motionOf(track));
    }
    forget(name);
    watchers.set(name, { begunAt, tracks });
    kept += tracks.size;
    forgetSome(name, begunAt);
    return motions;
  };

  function forget(name: string): void {
    kept -= watchers.get(name)?.tracks.size ?? 0;
    watchers.delete(name);
  }

  /** The one that asked last is the last of them, and stays. */
  function forgetSome(last: string, now: number): void {
    for (const [name, { begunAt }] of watchers) {
      const fits = watchers.size <= maxWatchers && kept <= maxTracks;
      if (name === last || (fits && now - begunAt <= oldestMs)) return;
      forget(name);
    }
  }
}

interface Look {
  readonly session: FtpSession;
  readonly details: SessionDetails | undefined;
  readonly begunAt: number;
}

/** What counts still at a later scan; the clock may have been set back. */
function recentOf(track: Track | undefined, at: number): Track | undefined {
  const gapMs = track === undefined ? Infinity : at - track.begunAt;
  return gapMs >= 0 && gapMs <= oldestMs ? track : undefined;
}

function follow(before: Track | undefined, look: Look): Track {
  const { session, begunAt } = look;
  const sending = sendingOf(before, look);
  if (session.state === 'idle') {
    const idleSince = session.idleSince ?? seenIdleSince(before, session, begunAt);
    const nothing = { bytesMoved: null, earlier: null, recent: null };
    return { session, begunAt, ...nothing, idleSince, sending };
  }
  const same = before !== undefined && isSameTransfer(before.session, session) ? before : null;
  const bytesMoved = movedOf(session, sending, same?.bytesMoved ?? 0);
  const now = bytesMoved === null ? null : { at: begunAt, bytesMoved };
  const { earlier, recent } = same ?? { earlier: null, recent: null };
  const isNext = now !== null && (recent === null || now.at - recent.at >= shortestMs);
  return {
    session,
    begunAt,
    bytesMoved,
    ...(isNext ? { earlier: recent, recent: now } : { earlier, recent }),
    idleSince: null,
    sending,
  };
}

/**
 * What the daemon has handed to the system, without what that has not sent. Both are read one after
 * the other, so it is off by what moves in between; it never goes back.
 */
function movedOf(session: FtpSession, sending: Sending | null, before: number): number | null {
  const { bytesMoved, bytesSkipped } = session;
  if (bytesMoved === null) return null;
  const unsentBytes = sending?.over.unsentBytes ?? 0;
  return Math.max(bytesMoved - unsentBytes, bytesSkipped ?? 0, before);
}

/**
 * A connection that was left behind is the download's that was seen to go over it: of one that is over,
 * or of one that vsftpd is still in, as it waits for the end of its connection (SO_LINGER).
 */
function sendingOf(before: Track | undefined, { session, details }: Look): Sending | null {
  if (details === undefined) return null;
  const { sendingOver, leftBehind } = details;
  if (sendingOver !== null) return { download: session, over: sendingOver };
  const known = before?.sending;
  if (known == null) return null;
  if (session.state !== 'idle' && !isSameTransfer(known.download, session)) return null;
  const over = leftBehind.find((one) => haveSameEnds(one, known.over));
  return over === undefined ? null : { download: known.download, over };
}

function haveSameEnds(a: DataConnection, b: DataConnection): boolean {
  return (
    a.localPort === b.localPort &&
    a.remotePort === b.remotePort &&
    a.remoteAddress === b.remoteAddress
  );
}

function seenIdleSince(
  before: Track | undefined,
  session: FtpSession,
  begunAt: number,
): number | null {
  if (before === undefined || session.lastTransferStartedAt === null) return null;
  const { state, lastTransferStartedAt } = before.session;
  const isAsBefore = state === 'idle' && lastTransferStartedAt === session.lastTransferStartedAt;
  // Within the second of the last transfer another one could have begun after that look.
  const isSecondOver = before.begunAt >= (session.lastTransferStartedAt + 1) * 1000;
  if (isAsBefore && isSecondOver) return before.idleSince;
  return begunAt - before.begunAt <= maxGapMs ? begunAt / 1000 : null;
}

function motionOf(track: Track): Motion {
  const { session, bytesMoved, idleSince, sending } = track;
  const unsentBytes = sending?.over.unsentBytes ?? null;
  const rateBytesPerSecond = rateOf(track);
  const isLeft = session.state === 'idle' && sending !== null;
  return {
    bytesMoved,
    rateBytesPerSecond,
    idleSince,
    unsentBytes,
    sending: isLeft ? sending.download : null,
  };
}

function rateOf({ session, begunAt: at, bytesMoved, earlier }: Track): number | null {
  if (session.state === 'idle' || bytesMoved === null) return null;
  const now = { at, bytesMoved };
  return (earlier === null ? null : rateBetween(earlier, now)) ?? rateSoFar(session, now);
}
