import type { AccountDirectory } from '../accounts/account.ts';
import type { Audit } from '../audit/audit.ts';
import type { SystemUsers } from '../os/users/system-users.ts';
import type { FtpSession } from '../sessions/session.ts';
import type { EndedSession, SessionEnder, SessionIdentity } from '../sessions/session-ender.ts';
import { accountNames } from './account-names.ts';
import { administrator } from './administrator.ts';

export interface AuditedEnderOptions {
  readonly ender: SessionEnder;
  readonly audit: Audit;
  /** Who is at the command line. */
  readonly by: string;
  /** They name the account that a session belongs to. */
  readonly accounts: AccountDirectory;
  readonly systemUsers: SystemUsers;
}

/** Ends sessions on demand of somebody at the command line, and writes down what became of each. */
export function createAuditedEnder(options: AuditedEnderOptions): SessionEnder {
  const { ender, audit, by, ...host } = options;
  return {
    async end(identities, owners) {
      // That accounts cannot be read is no reason to end nothing.
      const naming = accountNames({ account: administrator, host }).catch(() => () => null);
      const noteOne = (
        nameOf: (uid: number) => string | null,
        { pid, startTime }: SessionIdentity,
        session: FtpSession | null,
        outcome: EndedSession['outcome'] | 'failed',
      ) => {
        const account = session === null ? null : nameOf(session.ownerUid);
        const login = session?.user ?? null;
        const what = { pid, start: startTime, login, outcome };
        audit.record({ event: 'session-ended', address: null, account, by, ...what });
      };
      const results = await ender.end(identities, owners).catch(async (error: unknown) => {
        const nameOf = await naming;
        for (const identity of identities) noteOne(nameOf, identity, null, 'failed');
        throw error;
      });
      const nameOf = await naming;
      for (const { identity, session, outcome } of results) {
        noteOne(nameOf, identity, session, outcome);
      }
      return results;
    },
  };
}
