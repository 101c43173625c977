import type { AccountRole } from '../accounts/account.ts';
import { requireFtpLogins } from '../accounts/account-entry.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import type { TokenStore } from '../accounts/token-store.ts';
import { RefusedError } from '../lib/refused-error.ts';
import { addAccount } from './account-add.ts';
import {
  lookUpStanding,
  requireFitting,
  type StandingOptions,
  warnOfStanding,
} from './account-standing.ts';
import type { RecordChange } from './command-audit.ts';
import { printJson, printNote } from './output.ts';
import { type PasswordOptions, readNewPassword } from './read-password.ts';
import type { StateOptions } from './state-options.ts';

/** What `account set` is called with. */
export type SetOptions = StateOptions &
  PasswordOptions &
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
    await addAccount(store, tokens, name, { ...rest, ...owned, role });
    record({ event: 'account-added', account: name, role });
    say('added');
    return;
  }
  const { systemUser, ftpLogins, owner, role = before.role } = options;
  requireFitting(role, options);
  if (ftpLogins !== undefined) requireFtpLogins(ftpLogins);
  const standsAnew = before.role === 'admin' && ftpLogins === undefined ? name : null;
  const wantedUser = role === 'admin' ? null : (systemUser ?? standsAnew);
  const standing = await lookUpStanding(wantedUser, options.yesRoot === true);
  const wantsPassword = options.passwordStdin === true || options.generatePassword === true;
  const password = wantsPassword ? await readNewPassword(options) : null;
  const isOther = await store.change(name, {
    role,
    systemUser,
    ftpLogins,
    owner: owner === false ? null : owner,
  });
  if (isOther) record({ event: 'account-changed', account: name, role });
  const hasNewPassword = password !== null && !(await store.verify(name, password));
  if (hasNewPassword) {
    await store.setPassword(name, password);
    record({ event: 'password-changed', account: name });
    if (options.generatePassword) process.stdout.write(`${password}\n`);
  }
  const isChanged = isOther || hasNewPassword;
  printNote(`account ${name} ${isChanged ? 'changed' : 'is as it is to be'}`);
  say(isChanged ? 'changed' : 'unchanged');
  const account = store.find(name);
  if (account === undefined) throw new RefusedError('unknown', `the account ${name} was removed`);
  if (isOther) await warnOfStanding(store, account, standing);
}
