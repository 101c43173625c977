import type { Candidate, SessionFollower } from '../daemons/driver.ts';
import type { KeptProcess } from '../os/processes/process-table.ts';
import type { FtpSession, Gap } from '../sessions/session.ts';

/**
 * A session that has logged in, with its files kept open: a scan costs one read of one that has not
 * run since the last, else three.
 * The owner of a process that was root's cannot change once more, nor can its executable.
 */
export interface TrackedSession {
  readonly candidate: Candidate;
  readonly process: KeptProcess;
  /** Null where there is no record to follow. */
  readonly follower: SessionFollower | null;
  /** What was found when title and record last agreed. */
  unchanged: Unchanged | null;
  /** The number of the scan that has read it last. */
  readInScan: number;
}

/** Is itself the reading of a session that is as it was: one is given for each of thousands. */
interface Unchanged {
  readonly kind: 'unchanged';
  readonly title: string;
  session: FtpSession;
  readonly gaps: readonly Gap[];
}

export type TrackedReading =
  | { readonly kind: 'gone' }
  | { readonly kind: 'unchanged'; readonly session: FtpSession; readonly gaps: readonly Gap[] }
  /** Something but the progress of a transfer is another than it was: it has to be observed anew. */
  | { readonly kind: 'changed'; readonly title: string };

/** Reads a tracked session: of one that has not run a single file tells that all is as it was. */
export function readTracked(tracked: TrackedSession): TrackedReading {
  const { unchanged, follower } = tracked;
  const idleness = tracked.process.idleness();
  if (idleness === 'idle' && unchanged !== null) return unchanged;
  const title = idleness === 'gone' ? null : tracked.process.title();
  if (title === null) return { kind: 'gone' };
  if (unchanged === null || follower === null || title !== unchanged.title) {
    return { kind: 'changed', title };
  }
  const session = follower.read(unchanged.session);
  if (session === null) return { kind: 'changed', title };
  if (session !== unchanged.session) unchanged.session = session;
  return unchanged;
}

/**
 * Remembers what a session was observed to be, if title and record say the same right now: then they
 * can be compared with from here on.
 */
export function remember(tracked: TrackedSession, session: FtpSession, gaps: readonly Gap[]): void {
  tracked.unchanged = null;
  if (tracked.process.title() !== session.title) return;
  if (tracked.follower?.remember(session) !== true) return;
  tracked.unchanged = { kind: 'unchanged', title: session.title, session, gaps };
}

export function closeTracked({ process, follower }: TrackedSession): void {
  process.close();
  follower?.close();
}
