import type { Account } from '../accounts/account.ts';
import type { SessionIdentity } from '../sessions/identity.ts';
import type { Scope } from '../sessions/scope.ts';
import type { EndedSession } from '../sessions/session-ender.ts';
import { accountNames, type Owned } from './account-names.ts';
import type { Host } from './host.ts';

/** On whose demand sessions are ended. */
export interface Demand {
  /** Whose view names the accounts that sessions belong to. */
  readonly account: Account;
  /** Who made it, as the audit log names it. */
  readonly by: string;
  /** The client's address; null at the command line. */
  readonly address: string | null;
  /** The gateway that it came by, where it came from another host. */
  readonly via?: string;
  readonly host: Pick<Host, 'sessionEnder' | 'audit' | 'accounts' | 'systemUsers' | 'fleet'>;
}

/** A session by its identity, or with all that the caller was shown of it. */
type Named = SessionIdentity & Partial<Owned>;

/**
 * Ends sessions and writes down what became of each, also when ending itself fails, as which it
 * rejects. One result for each, in their order; `scope` as in SessionEnder.
 */
export async function endAudited(
  sessions: readonly Named[],
  scope: Scope,
  { account, by, address, via, host }: Demand,
): Promise<readonly EndedSession[]> {
  // That accounts cannot be read is no reason to end nothing.
  const naming = accountNames({ account, host }).catch(() => () => null);
  const caller = { account: account.name, by, address };
  const ending = host.sessionEnder.end(sessions, scope, caller);
  const results = await ending.catch(async (error: unknown) => {
    await record([]);
    throw error;
  });
  await record(results);
  return results;

  async function record(of: readonly EndedSession[]): Promise<void> {
    const nameOf = await naming;
    for (const [index, named] of sessions.entries()) {
      const { session = null, outcome = 'failed' } = of[index] ?? {};
      const {
        ownerUid = session?.ownerUid,
        user = session?.user ?? null,
        isUserProven = session?.isUserProven ?? false,
        container = session?.container,
        ownerName = session?.ownerName ?? null,
      } = named;
      const whose = { host: named.host, ownerName, user, isUserProven };
      host.audit.record({
        event: 'session-ended',
        address,
        account:
          ownerUid === undefined
            ? null
            : nameOf({ ...whose, ownerUid, ...(container && { container }) }),
        by,
        host: named.host,
        pid: named.pid,
        start: named.startTime,
        login: user,
        outcome,
        ...(via === undefined ? {} : { via }),
      });
    }
  }
}
