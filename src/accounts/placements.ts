import { RefusedError } from '../lib/refused-error.ts';
import { isSystemUserName } from '../os/users/system-user-name.ts';
import { hostName } from '../sessions/identity.ts';
import type { Account, AccountDirectory, Placement } from './account.ts';
import { maxPlacements, type StoredAccount } from './accounts-file.ts';

/** The placement in a text, HOST:USER; throws RefusedError for what is none. */
export function readPlacement(text: string): Placement {
  const [, host = '', systemUser = ''] = /^([^:]*):(.*)$/s.exec(text) ?? [];
  if (hostName.test(host) && isSystemUserName(systemUser)) return { host, systemUser };
  const why =
    'is no place of an account: the host’s name in the fleet, a colon, the system user there';
  throw new RefusedError('invalid', `${JSON.stringify(text)} ${why}, as web1:alice`);
}

/**
 * Where the sessions are that an account may see at the gateway of a fleet: its own places, and a reseller's
 * those of the accounts that it owns, too. An administrator has none, and sees every host.
 */
export function placesOf(
  account: Account,
  accounts: Pick<AccountDirectory, 'ownedBy'>,
): readonly Placement[] {
  const owned = account.role === 'reseller' ? accounts.ownedBy(account.name) : [];
  return [account, ...owned].flatMap(({ placements = [] }) => placements);
}

/** The account with these places in place of what it had; throws RefusedError for an administrator's. */
export function placed(stored: StoredAccount, placements: readonly Placement[]): StoredAccount {
  if (stored.role === 'admin') {
    const text = `the account ${stored.name} is an administrator’s, which sees every host`;
    throw new RefusedError('refused', text);
  }
  const byText = new Map(placements.map((each) => [`${each.host}:${each.systemUser}`, each]));
  if (byText.size > maxPlacements) {
    throw new RefusedError('invalid', `an account has ${maxPlacements} places at most`);
  }
  const { placements: _before, ...rest } = stored;
  return byText.size === 0 ? rest : { ...rest, placements: [...byText.values()] };
}
