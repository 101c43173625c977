import type { Account } from '../accounts/account.ts';
import type { SessionEnder } from '../sessions/session-ender.ts';
import { type Demand, endAudited } from './end-audited.ts';

/** Whoever may look at the host itself, or open the control socket, sees what an admin account sees. */
export const administrator: Account = {
  name: 'root',
  role: 'admin',
  systemUser: null,
  ftpLogins: [],
  owner: null,
  features: [],
};

/** Ends sessions on demand of somebody at the command line, and writes down what became of each. */
export function administratorsEnder({ by, host }: Pick<Demand, 'by' | 'host'>): SessionEnder {
  const demand = { account: administrator, by, address: null, host };
  return { end: (identities, scope) => endAudited(identities, scope, demand) };
}
