import type { SessionIdentity } from './identity.ts';
import type { Scope } from './scope.ts';
import type { FtpSession } from './session.ts';

/** How long a session has to end when it is asked to, in ms. One in a transfer is gone within a few. */
export const endTimeoutMs = 5_000;

/** What became of a session that was to be ended, on its own host. */
export type HostEndOutcome =
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

/** The same as the gateway of a fleet tells it. */
export type EndOutcome =
  | HostEndOutcome
  /** Its host was not asked, or refused to end it. */
  | 'refused'
  /** Its host did not confirm, so it may or may not have ended. */
  | 'unconfirmed';

/** Whether the session's process is gone because it was to be ended: that happens once to each. */
export function wasEnded(outcome: EndOutcome): boolean {
  return outcome === 'ended' || outcome === 'killed';
}

export interface EndedSession {
  readonly identity: SessionIdentity;
  /** As it was right before the signal; null where there was none. */
  readonly session: FtpSession | null;
  readonly outcome: EndOutcome;
  /** Why it was refused or is not confirmed, in a sentence for whoever wanted it; the same for all of a host. */
  readonly why?: string;
}

/** On whose demand sessions are ended, as it is told to another host. */
export interface EndCaller {
  /** Whose sessions they are to be. */
  readonly account: string;
  /** Whose credentials came with the call. */
  readonly by: string;
  readonly address: string | null;
}

/** Ends sessions: the collector's side itself, or a client of the process that may do it. */
export interface SessionEnder {
  /**
   * Asks sessions to end, ends by force those that do not, and resolves when they are gone or after a
   * bounded time; one result for each identity, in their order. Only identities that its own
   * snapshots have shown count, and of them only sessions in the scope; all others are "gone".
   * Rejects when system users could not be looked up. `caller` is for those alone that ask other hosts.
   */
  end(
    identities: readonly SessionIdentity[],
    scope: Scope,
    caller?: EndCaller,
  ): Promise<readonly EndedSession[]>;
}
