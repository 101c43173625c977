import type { AccountRole } from '../accounts/account.ts';
import { requireFtpLogins } from '../accounts/account-entry.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import type { TokenStore } from '../accounts/token-store.ts';
import { addAccount } from './account-add.ts';
import {
  lookUpStanding,
  requireFitting,
  type StandingOptions,
  warnOfStanding,
} from './account-standing.ts';
import type { RecordChange } from './command-audit.ts';
import { printJson, printNote } from './output.ts';
import { type CredentialOptions, printGenerated, readNewCredential } from './read-password.ts';
import type { StateOptions } from './state-options.ts';

/** What `account set` is called with. */
export type SetOptions = StateOptions &
  CredentialOptions &
  StandingOptions & {
    readonly role?: AccountRole;
    /** False for none. */
    readonly owner?: string | false;
    readonly json?: boolean;
  };

/**
 * Changes an account, or adds it where there is none, and says which it was: a program may call it
 * again and again with what it wants to be so. What is not named stays, and so do features and tokens.
 * Rejects with UsageError or RefusedError, and then nothing has changed.
 */
export async function setAccount(
  store: AccountStore,
  tokens: TokenStore,
  record: RecordChange,
  name: string,
  options: SetOptions,
): Promise<void> {
  const say = (became: 'added' | 'changed' | 'unchanged') => {
    if (options.json === true) printJson({ account: name, became });
  };
  const before = store.find(name);
  if (before === undefined) {
    const { owner, role = 'user', ...rest } = options;
    const owned = typeof owner === 'string' ? { owner } : {};
    await addAccount(store, tokens, record, name, { ...rest, ...owned, role });
    say('added');
    return;
  }
  const { systemUser, ftpLogins, owner } = options;
  // Also before anybody types a password; what counts is the store's own check.
  const role = options.role ?? before.role;
  requireFitting(role, options);
  if (ftpLogins !== undefined) requireFtpLogins(ftpLogins);
  const kept = before.role === 'admin' ? name : before.systemUser;
  const isNobodys = role === 'admin' || ftpLogins !== undefined;
  const wantedUser = isNobodys ? null : (systemUser ?? kept);
  const isItsAlready = wantedUser !== null && wantedUser === before.systemUser;
  const mayBeRoot = options.yesRoot === true || isItsAlready;
  const standing = await lookUpStanding(wantedUser, {
    mayBeRoot,
    isGateway: options.isGateway === true,
  });
  const { passwordStdin, hashStdin, generatePassword } = options;
  const wantsCredential = passwordStdin === true || hashStdin === true || generatePassword === true;
  const credential = wantsCredential ? await readNewCredential(options) : undefined;
  const changes = {
    role: options.role,
    systemUser,
    ftpLogins,
    owner: owner === false ? null : owner,
  };
  const { account, isOther, hasNewPassword } = await store.change(name, changes, credential);
  if (isOther) record({ event: 'account-changed', account: name, role: account.role });
  if (hasNewPassword) record({ event: 'password-changed', account: name });
  if (credential !== undefined) await printGenerated(options, credential, name, 'changed');
  const isChanged = isOther || hasNewPassword;
  printNote(`account ${name} ${isChanged ? 'changed' : 'is as it is to be'}`);
  say(isChanged ? 'changed' : 'unchanged');
  if (isOther) await warnOfStanding(store, account, standing);
}
