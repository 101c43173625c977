import { setTimeout as delay } from 'node:timers/promises';
import type { Process, ProcessTable } from '../processes/process-table.ts';
import { withoutRoot } from './collector.ts';
import type { FtpSession } from './session.ts';
import type { EndedSession, EndOutcome, SessionEnder, SessionIdentity } from './session-ender.ts';

/** A session that may be ended, and its process as it was just read. */
export interface Target {
  readonly process: Process;
  readonly session: FtpSession;
}

/**
 * Looks anew at these sessions of one kind of daemon, and gives those that still are sessions of
 * these owners (null for anybody's).
 */
export type CloseLook = (
  identities: readonly SessionIdentity[],
  owners: ReadonlySet<number> | null,
) => Promise<readonly Target[]>;

export interface EnderOptions {
  readonly closeLooks: readonly CloseLook[];
  readonly table: Pick<ProcessTable, 'living' | 'terminate'>;
  /** Whether an identity is one that may be named at all. */
  readonly hasShown: (identity: SessionIdentity) => boolean;
  /** How long a session has to end, in milliseconds. */
  readonly timeoutMs?: number;
}

/** What ending takes at most; a session in a transfer is gone within a few milliseconds. */
export const endTimeoutMs = 5_000;
const longestPauseMs = 100;

/** Ends sessions of all daemons on this host. */
export function createEnder({
  closeLooks,
  table,
  hasShown,
  timeoutMs = endTimeoutMs,
}: EnderOptions): SessionEnder {
  /** The processes that are still there when all have gone, or the time is over. */
  async function waitForEnd(processes: readonly Process[]): Promise<ReadonlySet<number>> {
    const deadline = performance.now() + timeoutMs;
    let living = new Set(processes.map(({ pid }) => pid)) as ReadonlySet<number>;
    let pauseMs = 1;
    while (living.size > 0 && performance.now() < deadline) {
      await delay(pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      living = await table.living(processes.filter(({ pid }) => living.has(pid)));
    }
    return living;
  }

  return {
    async end(identities, owners) {
      const shown = identities.filter(hasShown);
      const ownerSet = owners === null ? null : new Set(withoutRoot(owners));
      const looks = await Promise.all(closeLooks.map((look) => look(shown, ownerSet)));
      const outcomes = new Map<string, Omit<EndedSession, 'identity'>>();
      const sent: Target[] = [];
      for (const target of looks.flat()) {
        const termination = await table.terminate(target.process);
        if (termination === 'sent') sent.push(target);
        const outcome: EndOutcome = termination === 'sent' ? 'remains' : termination;
        outcomes.set(keyOf(target.session), { session: target.session, outcome });
      }
      const living = await waitForEnd(sent.map(({ process }) => process));
      for (const { session } of sent) {
        if (living.has(session.pid)) continue;
        outcomes.set(keyOf(session), { session, outcome: 'ended' });
      }
      return identities.map((identity) => ({
        identity: { pid: identity.pid, startTime: identity.startTime },
        ...(outcomes.get(keyOf(identity)) ?? { session: null, outcome: 'gone' }),
      }));
    },
  };
}

function keyOf({ pid, startTime }: SessionIdentity): string {
  return `${pid} ${startTime}`;
}
