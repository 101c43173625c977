import type { AccountRole } from '../accounts/account.ts';
import { requireFtpLogins } from '../accounts/account-entry.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import { requireAccountName } from '../accounts/names.ts';
import { requireReseller } from '../accounts/ownership.ts';
import type { TokenStore } from '../accounts/token-store.ts';
import { RefusedError } from '../lib/refused-error.ts';
import {
  lookUpStanding,
  requireFitting,
  type StandingOptions,
  warnOfStanding,
} from './account-standing.ts';
import type { RecordChange } from './command-audit.ts';
import { printNote } from './output.ts';
import { type CredentialOptions, printGenerated, readNewCredential } from './read-password.ts';
import type { StateOptions } from './state-options.ts';

/** What `account add` is called with. */
export type AddOptions = StateOptions &
  CredentialOptions &
  StandingOptions & {
    readonly role: AccountRole;
    readonly owner?: string;
  };

/**
 * Adds an account and says so. Rejects with UsageError or RefusedError, before anybody types a password
 * where that can be told.
 */
export async function addAccount(
  store: AccountStore,
  tokens: TokenStore,
  record: RecordChange,
  name: string,
  options: AddOptions,
): Promise<void> {
  const { role, systemUser, ftpLogins, owner } = options;
  requireFitting(role, options);
  // Also before anybody types a password; what counts is the store's own check.
  requireAccountName(name);
  if (store.find(name)) throw new RefusedError('exists', `the account ${name} exists already`);
  if (owner !== undefined) requireReseller(store.find(owner), owner);
  requireFtpLogins(ftpLogins ?? []);
  const isNobodys = role === 'admin' || ftpLogins !== undefined;
  const wantedUser = isNobodys ? null : (systemUser ?? name);
  const { yesRoot: mayBeRoot = false, isGateway = false } = options;
  const standing = await lookUpStanding(wantedUser, { mayBeRoot, isGateway });
  const credential = await readNewCredential(options);
  // What a removal that was cut short has left must not open the new account.
  if (!store.find(name)) await tokens.removeAccount(name);
  const account = await store.add({ name, role, systemUser, ftpLogins, owner, ...credential });
  record({ event: 'account-added', account: name, role });
  await printGenerated(options, credential, name, 'added');
  printNote(`account ${name} added`);
  await warnOfStanding(store, account, standing);
}
