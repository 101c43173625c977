import type { Account, AccountDirectory } from '../accounts/account.ts';
import type { SystemUsers } from '../os/users/system-users.ts';
import type { HistoryScope } from '../sessions/history.ts';
import { everybody, ofUidsOrLogins, type Scope, withContainersOf } from '../sessions/scope.ts';
import type { Warning } from '../sessions/warning.ts';
import type { Host } from './host.ts';

/** Whose sessions an account may see. */
export interface Ownership {
  readonly scope: Scope;
  /** True where the account stands for nobody, so that there is nothing to look for. */
  readonly isEmpty: boolean;
  /** What is to be said of system users that do not exist. */
  readonly warnings: readonly Warning[];
}

type OwnershipHost = Pick<Host, 'accounts' | 'containerAccounts'> & {
  readonly systemUsers: Pick<Host['systemUsers'], 'uidOf'>;
};

/**
 * An administrator sees everybody's; a user those of its system user's uid, asked for anew at each
 * call, since a name can be given to another uid, or those of its FTP logins; a reseller those of the
 * accounts that it owns too. To each come those of the containers that the configuration gives it.
 * Root's sessions are nobody's but an administrator's.
 */
export async function ownershipOf(
  account: Account,
  { accounts, systemUsers, containerAccounts }: OwnershipHost,
): Promise<Ownership> {
  if (account.role === 'admin') return { scope: everybody, isEmpty: false, warnings: [] };
  const { names, users, logins, warnings } = await holdingsOf(account, accounts, systemUsers);
  const withContainers = names.filter((name) => containerAccounts?.has(name));
  const isEmpty = users.size === 0 && logins.length === 0 && withContainers.length === 0;
  const scope = withContainersOf(ofUidsOrLogins([...users.keys()], logins), withContainers);
  return { scope, isEmpty, warnings };
}

/** The same of sessions that were, each of which tells which name its owner had then. */
export async function pastOwnershipOf(
  account: Account,
  accounts: AccountDirectory,
  systemUsers: Pick<SystemUsers, 'uidOf'>,
): Promise<{ readonly scope: HistoryScope; readonly warnings: readonly Warning[] }> {
  if (account.role === 'admin') return { scope: { kind: 'everybody' }, warnings: [] };
  const { users, logins, warnings } = await holdingsOf(account, accounts, systemUsers);
  return { scope: { kind: 'some', users: [...users], logins }, warnings };
}

/** What accounts stand for. */
interface Holdings {
  /** The account itself and those that it owns. */
  readonly names: readonly string[];
  /** System users: by uid the names that were looked up. */
  readonly users: ReadonlyMap<number, readonly string[]>;
  readonly logins: readonly string[];
  readonly warnings: readonly Warning[];
}

async function holdingsOf(
  account: Account,
  accounts: AccountDirectory,
  systemUsers: Pick<SystemUsers, 'uidOf'>,
): Promise<Holdings> {
  const owned = account.role === 'reseller' ? accounts.ownedBy(account.name) : [];
  const users = new Map<number, readonly string[]>();
  const logins: string[] = [];
  const warnings: Warning[] = [];
  for (const { name, systemUser, ftpLogins } of [account, ...owned]) {
    logins.push(...ftpLogins);
    if (systemUser === null) continue;
    const uid = await systemUsers.uidOf(systemUser);
    if (uid === 0) warnings.push(standsForRoot(name, systemUser));
    else if (uid !== null) users.set(uid, [...new Set([...(users.get(uid) ?? []), systemUser])]);
    else warnings.push(standsForNobody(name, systemUser));
  }
  return { names: [account, ...owned].map(({ name }) => name), users, logins, warnings };
}

function standsForRoot(name: string, systemUser: string): Warning {
  const text = `The account “${name}” stands for the system user “${systemUser}”, which is root: root’s sessions belong to no account, and only administrators see them.`;
  return { code: 'system-user-is-root', text };
}

function standsForNobody(name: string, systemUser: string): Warning {
  const text = `The account “${name}” stands for the system user “${systemUser}”, and this server has no such user.`;
  return { code: 'system-user-unknown', text };
}
