import { administrator, administratorsEnder } from '../access/administrator.ts';
import type { Host } from '../access/host.ts';
import type { Account, AccountDirectory } from '../accounts/account.ts';
import { createAccountDirectory } from '../accounts/account-directory.ts';
import { openAccountStore } from '../accounts/account-store.ts';
import { withSystemAccounts } from '../accounts/system-account-directory.ts';
import { createSystemAccounts, type SystemAccount } from '../accounts/system-accounts.ts';
import type { ScanSettings } from '../config/config.ts';
import { openHostFtp } from '../control/host-ftp.ts';
import { RefusedError } from '../lib/refused-error.ts';
import type { SystemUserRule } from '../os/users/system-user-rule.ts';
import { createSystemUsers } from '../os/users/system-users.ts';
import type { SessionEnder } from '../sessions/session-ender.ts';
import { createCommandAudit, whoIsIt } from './command-audit.ts';
import type { HostOptions } from './host-options.ts';

/** The host as a command sees it, and on whose behalf. */
export interface CommandHost {
  readonly host: Host;
  readonly account: Account;
  close(): void;
}

/** Opens nothing until it is used. Throws RefusedError when there is no such account. */
export function openCommandHost(settings: ScanSettings, options: HostOptions): CommandHost {
  const accounts = accountsOf(settings);
  const systemUsers = createSystemUsers();
  const account = accountNamed(options.account, accounts);
  const [audit, by] = [createCommandAudit(settings.auditLog), whoIsIt()];
  const audited = (ender: SessionEnder) =>
    administratorsEnder({ by, host: { sessionEnder: ender, audit, accounts, systemUsers } });
  const environment = { PATH: process.env['PATH'] };
  const { sessions, ender, close } = openHostFtp({ settings, by, environment, audited });
  const containerAccounts = new Set(settings.containers.map((each) => each.account));
  const host = { sessions, sessionEnder: ender, accounts, systemUsers, audit, containerAccounts };
  return { host, account, close };
}

/** Read when somebody asks, as accounts are. */
function systemAccountsOf(rules: readonly SystemUserRule[]): () => readonly SystemAccount[] {
  if (rules.length === 0) return () => [];
  return createSystemAccounts({
    rules,
    onProblem: (message) => process.stderr.write(`uapid: ${message}\n`),
  });
}

/**
 * The accounts of a state directory, and the system users that the configuration makes some, not read before
 * somebody asks: who may use the server's socket may not always read them.
 */
export function accountsOf({
  stateDir,
  accountsFrom,
  systemUsers,
}: Pick<ScanSettings, 'stateDir' | 'accountsFrom' | 'systemUsers'>): AccountDirectory {
  let store: ReturnType<typeof openAccountStore> | null = null;
  const file = createAccountDirectory(() => {
    store ??= openAccountStore(stateDir);
    return store.file();
  });
  const systemAccounts = systemAccountsOf(systemUsers);
  return withSystemAccounts(file, { accountsFrom, systemAccounts, verify: async () => false });
}

/** The account of that name; without a name an administrator. Throws RefusedError for none such. */
export function accountNamed(name: string | undefined, accounts: AccountDirectory): Account {
  if (name === undefined) return administrator;
  const account = accounts.find(name);
  if (account !== undefined) return account;
  throw new RefusedError('unknown', `there is no account ${JSON.stringify(name)}`);
}
