import { RefusedError } from '../lib/refused-error.ts';
import type { AccountRole } from './account.ts';
import type { StoredAccount } from './accounts-file.ts';

/** Throws RefusedError unless what was found under that name is a reseller. */
export function requireReseller(found: { readonly role: AccountRole } | undefined, name: string) {
  if (found?.role === 'reseller') return;
  throw new RefusedError('unknown', `there is no reseller ${JSON.stringify(name)}`);
}

/** Throws RefusedError unless one of the accounts is that reseller; null or undefined is no owner. */
export function requireOwner(
  accounts: readonly StoredAccount[],
  owner: string | null | undefined,
): void {
  if (owner === undefined || owner === null) return;
  const found = accounts.find((each) => each.name === owner);
  requireReseller(found, owner);
}

/**
 * Throws RefusedError while accounts belong to the one of that name: a later reseller of the same name
 * must not inherit what belonged to this one.
 */
export function requireNothingOwned(accounts: readonly StoredAccount[], wanted: string): void {
  const count = accounts.filter((each) => each.role === 'user' && each.owner === wanted).length;
  if (count === 0) return;
  const owned = count === 1 ? '1 account; remove it' : `${count} accounts; remove them`;
  throw new RefusedError('refused', `the reseller ${wanted} still owns ${owned} first`);
}
