import type { FtpSession } from './session.ts';

/** What the session log keeps of a session that a scan has seen. */
export type LookedSession = Pick<
  FtpSession,
  | 'pid'
  | 'startTime'
  | 'daemon'
  | 'user'
  | 'isUserProven'
  | 'remoteAddress'
  | 'remotePort'
  | 'localPort'
  | 'protocol'
  | 'connectedAt'
> & {
  /** Null where it was over before that was known, or lasts and that cannot be told. */
  readonly ownerUid: number | null;
  /** It lasts, and whose it is cannot be told. */
  readonly isOwnerUncertain?: true;
  /** Absent for those of scans; `events` for what the daemon's scoreboard told as it was written. */
  readonly seen?: 'events';
};

/** What scans have seen, for the session log: which sessions there are of daemons that no event tells of. */
export interface Looked {
  /** All daemons that run. */
  readonly daemons: readonly string[];
  /** Sessions that no message before had, or of which more is known by now. */
  readonly sessions: readonly LookedSession[];
}
