import type { SessionIdentity } from './identity.ts';
import type { Scope } from './scope.ts';
import type { FtpSession } from './session.ts';

/** How long a session has to end when it is asked to, in ms. One in a transfer is gone within a few. */
export const endTimeoutMs = 5_000;

/** What became of a session that was to be ended. */
export type EndOutcome =
  /** It was asked to end (SIGTERM) and is gone. */
  | 'ended'
  /** It did not end in the time that it was given, was ended by force (SIGKILL), and is gone. */
  | 'killed'
  /** It is still there, even though it was to be ended by force. */
  | 'remains'
  /** There is no such session (any more): nothing was sent to anybody. */
  | 'gone'
  /** The system refused the signal. */
  | 'denied';

/** Whether the session's process is gone because it was to be ended: that happens once to each. */
export function wasEnded(outcome: EndOutcome): boolean {
  return outcome === 'ended' || outcome === 'killed';
}

export interface EndedSession {
  readonly identity: SessionIdentity;
  /** As it was right before the signal; null where there was none. */
  readonly session: FtpSession | null;
  readonly outcome: EndOutcome;
}

/** Ends sessions: the collector's side itself, or a client of the process that may do it. */
export interface SessionEnder {
  /**
   * Asks sessions to end, ends by force those that do not, and resolves when they are gone or after a
   * bounded time; one result for each identity, in their order. Only identities that its own
   * snapshots have shown count, and of them only sessions in the scope; all others are "gone".
   * Rejects when system users could not be looked up.
   */
  end(identities: readonly SessionIdentity[], scope: Scope): Promise<readonly EndedSession[]>;
}
