import type { Account, AccountDirectory } from '../../../../src/accounts/account.ts';
import { password } from '../../../support/app.ts';
import { type MarkedSession, sessions } from './fleet-world.ts';

/** An account of the gateway, and by hand where it is placed: nothing here asks the program. */
export interface FleetCaller {
  readonly name: string;
  readonly role: Account['role'];
  readonly owner?: string;
  readonly hasFeature?: false;
  /** HOST:USER. */
  readonly places: readonly string[];
}

export const callers: readonly FleetCaller[] = [
  { name: 'admin', role: 'admin', places: [] },
  { name: 'ann', role: 'user', places: ['web1:alice', 'web3:bob'] },
  { name: 'ben', role: 'user', places: ['web2:alice'] },
  // Its name is that of a system user on each host, which makes it none of them.
  { name: 'alice', role: 'user', places: [] },
  // Neither that user nor that host is there.
  { name: 'zed', role: 'user', places: ['web1:shared', 'web9:alice'] },
  { name: 'rita', role: 'reseller', places: ['web2:bob'] },
  { name: 'kid', role: 'user', owner: 'rita', places: ['web1:carol', 'web3:alice'] },
  { name: 'roy', role: 'reseller', places: ['web3:shared'] },
  { name: 'plain', role: 'user', hasFeature: false, places: ['web1:alice'] },
];

/** Where the sessions are that a caller may see, by hand: its own, and those of the accounts it owns. */
export function placesOfCaller({ name, role, places }: FleetCaller): readonly string[] {
  const owned = callers.filter(({ owner }) => role === 'reseller' && owner === name);
  return [...places, ...owned.flatMap((each) => each.places)];
}

/** The sessions that a caller may see. */
export function seenBy(caller: FleetCaller): readonly MarkedSession[] {
  if (caller.hasFeature === false) return [];
  if (caller.role === 'admin') return sessions;
  const places = placesOfCaller(caller);
  return sessions.filter(({ host, systemUser }) => places.includes(`${host}:${systemUser}`));
}

/** The account that a caller acts for where it names one; null for none that it may. */
export function actingFor(caller: FleetCaller, named: string | null): FleetCaller | null {
  if (caller.role === 'user' || named === null) return caller;
  const account = callers.find(({ name }) => name === named) ?? null;
  if (caller.role === 'admin' || account?.name === caller.name) return account;
  return account?.owner === caller.name ? account : null;
}

/** All of them, as the process that answers requests sees them. */
export const directory: AccountDirectory = {
  find: (name) => accounts.get(name),
  list: () => [...accounts.values()],
  ownedBy: (reseller) => [...accounts.values()].filter(({ owner }) => owner === reseller),
  generation: (name) => (accounts.has(name) ? password : undefined),
  verify: async (name, given) => accounts.has(name) && given === password,
};

const accounts = new Map(callers.map((caller) => [caller.name, accountOf(caller)]));

function accountOf({ name, role, owner, hasFeature, places }: FleetCaller): Account {
  return {
    name,
    role,
    systemUser: role === 'admin' ? null : name,
    ftpLogins: [],
    owner: owner ?? null,
    features: hasFeature === false ? [] : ['ftpaccts'],
    placements: places.map((text) => {
      const [host = '', systemUser = ''] = text.split(':');
      return { host, systemUser };
    }),
  };
}
