import type { AccountDirectory } from '../accounts/account.ts';
import {
  createSystemAccounts,
  faultsOfRules,
  type SystemAccount,
} from '../accounts/system-accounts.ts';
import type { Config } from '../config/config.ts';
import { openPasswordHelper, requirePasswordHelper } from '../os/users/password-helper.ts';

/** The system users that are accounts, and their passwords. */
export interface SystemPasswords {
  readonly accounts: () => readonly SystemAccount[];
  /** Of these accounts alone, whoever asks: of no other user a password is checked. */
  readonly check: (name: string, password: string) => Promise<boolean>;
  readonly stop: () => void;
}

/** Rejects, in words for the administrator, when passwords are wanted and cannot be checked. */
export async function openSystemPasswords(
  {
    accountsFrom,
    systemUsers,
    passwordHelper,
  }: Pick<Config, 'accountsFrom' | 'systemUsers' | 'passwordHelper'>,
  added: Pick<AccountDirectory, 'find'>,
  { onProblem, onWarning }: Record<'onProblem' | 'onWarning', (message: string) => void>,
): Promise<SystemPasswords> {
  const none = async () => false;
  if (systemUsers.length === 0) return { accounts: () => nobody, check: none, stop: () => {} };
  const isReseller = (name: string) => added.find(name)?.role === 'reseller';
  for (const text of faultsOfRules(systemUsers, isReseller)) onWarning(text);
  const accounts = createSystemAccounts({ rules: systemUsers, onProblem });
  if (accountsFrom === 'file') return { accounts, check: none, stop: () => {} };
  await requirePasswordHelper(passwordHelper);
  const helper = openPasswordHelper({ path: passwordHelper, onProblem });
  return {
    accounts,
    check: async (name, password) => {
      const isAccount = accounts().some((each) => each.name === name);
      return isAccount && helper.verify(name, password);
    },
    stop: helper.stop,
  };
}

/** The same at each question: another list would be a change of the state. */
const nobody: readonly SystemAccount[] = [];
