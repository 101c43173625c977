import type { FtpSession } from './session.ts';

/** How much of a transfer was done at a moment; milliseconds since the epoch. */
export interface Point {
  readonly at: number;
  readonly bytesMoved: number;
}

/**
 * A rate over a shorter time says more of the daemon's blocks, and of the buffers on the way that are
 * filled first, than of the line. A daemon notes the beginning of a transfer to the second.
 */
export const shortestMs = 5000;

/**
 * How much of a file is done in percent, with one decimal, from 0 to 100; 100 only for all of it.
 * Null when either is unknown. A file that grows during a download may give more than there was.
 */
export function percentOf(bytesMoved: number | null, bytesTotal: number | null): number | null {
  if (bytesMoved === null || bytesTotal === null) return null;
  if (bytesMoved >= bytesTotal) return 100;
  return Math.floor((bytesMoved / bytesTotal) * 1000) / 10;
}

/**
 * Whether two observations of one session, the earlier first, are of the same transfer. One never goes
 * back: then the same file is on its way anew.
 */
export function isSameTransfer(before: FtpSession, session: FtpSession): boolean {
  return (
    before.state === session.state &&
    before.file === session.file &&
    before.transferStartedAt === session.transferStartedAt &&
    before.bytesSkipped === session.bytesSkipped &&
    (before.bytesMoved ?? 0) <= (session.bytesMoved ?? 0)
  );
}

/** Bytes a second between two points of one transfer; null when they are too near each other. */
export function rateBetween(from: Point, to: Point): number | null {
  const ms = to.at - from.at;
  if (ms < shortestMs) return null;
  return Math.max(0, Math.round(((to.bytesMoved - from.bytesMoved) * 1000) / ms));
}

/**
 * Bytes a second of a transfer since it began, up to a point; null
 * when idle or unknown, and in its first five seconds. What REST skipped was not moved. It began some
 * time in the second that the record tells, on average in its middle.
 */
export function rateSoFar(session: FtpSession, { at, bytesMoved }: Point): number | null {
  const { bytesSkipped, transferStartedAt } = session;
  if (bytesSkipped === null || transferStartedAt === null) return null;
  return rateBetween(
    { at: transferStartedAt * 1000 + 500, bytesMoved: bytesSkipped },
    { at, bytesMoved },
  );
}
