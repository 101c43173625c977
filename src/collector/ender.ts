import { setTimeout as delay } from 'node:timers/promises';
import type {
  EndSignal,
  Process,
  ProcessTable,
  Termination,
} from '../os/processes/process-table.ts';
import { identityKey, identityOf, type SessionIdentity } from '../sessions/identity.ts';
import { sessionFilter } from '../sessions/scope.ts';
import type { FtpSession } from '../sessions/session.ts';
import {
  type EndedSession,
  type EndOutcome,
  endTimeoutMs,
  type SessionEnder,
} from '../sessions/session-ender.ts';
import type { Accounts } from './accounts.ts';
import { accountsOf, type Owners, ownersOf } from './owners.ts';
import { resolveScope, type UserLookup } from './resolve-scope.ts';

/** A session that may be ended, its process as it was just read, and the signal that ends it. */
export interface Target {
  readonly process: Process;
  readonly session: FtpSession;
  readonly signal: EndSignal;
}

/**
 * Verifies anew that these are sessions of these owners, or of containers of these accounts (null for anybody's), and gives those that
 * still are.
 */
export type Reverify = (
  identities: readonly SessionIdentity[],
  owners: Owners,
  accounts: Accounts,
) => Promise<readonly Target[]>;

export interface EnderOptions {
  readonly reverify: Reverify;
  readonly systemUsers: UserLookup;
  readonly table: Pick<ProcessTable, 'living' | 'terminate'>;
  /** Whether an identity is one that may be named at all. */
  readonly wasListed: (identity: SessionIdentity) => boolean;
  /** How long a session has to end when it is asked to, in milliseconds. */
  readonly timeoutMs?: number;
  /** How long it has after SIGKILL, in milliseconds. */
  readonly killTimeoutMs?: number;
}

/** The kernel may have to finish what the process waits for. */
const defaultKillTimeoutMs = 2_000;
const maxPauseMs = 100;

/** Ends sessions of all daemons on this host. */
export function createEnder({
  reverify,
  systemUsers,
  table,
  wasListed,
  timeoutMs = endTimeoutMs,
  killTimeoutMs = defaultKillTimeoutMs,
}: EnderOptions): SessionEnder {
  /** The processes that are still there when all have gone, or the time is over. */
  async function waitForEnd(
    processes: readonly Process[],
    withinMs: number,
  ): Promise<ReadonlySet<number>> {
    const deadline = performance.now() + withinMs;
    let living = new Set(processes.map(({ pid }) => pid)) as ReadonlySet<number>;
    let pauseMs = 1;
    while (living.size > 0 && performance.now() < deadline) {
      await delay(pauseMs);
      pauseMs = Math.min(pauseMs * 2, maxPauseMs);
      living = await table.living(processes.filter(({ pid }) => living.has(pid)));
    }
    return living;
  }

  /**
   * A process that its owner has stopped gets no such signal before it goes on (signal(7)). Whether it is
   * still the same one is looked at before each signal.
   */
  async function askToEnd({ process, signal }: Target): Promise<Termination> {
    const termination = await table.terminate(process, signal);
    if (termination === 'sent') await table.terminate(process, 'SIGCONT');
    return termination;
  }

  /** Ends by force; the pids of those that are still there after it. The master cleans up behind them. */
  async function kill(processes: readonly Process[]): Promise<ReadonlySet<number>> {
    for (const process of processes) await table.terminate(process, 'SIGKILL');
    return waitForEnd(processes, killTimeoutMs);
  }

  return {
    async end(identities, asked) {
      const { scope } = await resolveScope(asked, systemUsers);
      const shown = identities.filter(wasListed);
      const isInScope = sessionFilter(scope);
      const outcomes = new Map<string, Omit<EndedSession, 'identity'>>();
      const sent: Target[] = [];
      for (const target of await reverify(shown, ownersOf(scope), accountsOf(scope))) {
        if (!isInScope(target.session)) continue;
        const termination = await askToEnd(target);
        if (termination === 'sent') sent.push(target);
        const outcome: EndOutcome = termination === 'sent' ? 'remains' : termination;
        outcomes.set(identityKey(target.session), { session: target.session, outcome });
      }
      const processes = sent.map(({ process }) => process);
      const defying = await waitForEnd(processes, timeoutMs);
      const remaining = await kill(processes.filter(({ pid }) => defying.has(pid)));
      for (const { session } of sent) {
        if (remaining.has(session.pid)) continue;
        const outcome = defying.has(session.pid) ? 'killed' : 'ended';
        outcomes.set(identityKey(session), { session, outcome });
      }
      return identities.map((identity) => ({
        identity: identityOf(identity),
        ...(outcomes.get(identityKey(identity)) ?? { session: null, outcome: 'gone' }),
      }));
    },
  };
}
