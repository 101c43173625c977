import { type Command, Option } from 'commander';
import type { Account, AccountRole, Feature } from '../accounts/account.ts';
import {
  type AccountStore,
  allFeatures,
  openAccountStore,
  requireFtpLogins,
  requireReseller,
} from '../accounts/account-store.ts';
import { requireAccountName } from '../accounts/names.ts';
import { sharedLogins } from '../accounts/shared-logins.ts';
import { sharedUids } from '../accounts/shared-uids.ts';
import { openTokenStore, type TokenStore } from '../accounts/token-store.ts';
import { RefusedError } from '../lib/refused-error.ts';
import { createSystemUsers } from '../os/users/system-users.ts';
import type { Register } from './command.ts';
import { openCommandAudit, type RecordChange } from './command-audit.ts';
import { printJson, printNote, printRows } from './output.ts';
import { type PasswordOptions, readNewPassword } from './read-password.ts';
import { type StateOptions, stateOptions } from './state-options.ts';
import { UsageError } from './usage-error.ts';

type AddOptions = StateOptions &
  PasswordOptions & {
    readonly role: AccountRole;
    readonly systemUser?: string;
    readonly ftpLogins: readonly string[];
    readonly owner?: string;
    readonly yesRoot?: boolean;
  };

/** Adds `account add|passwd|remove|list` and `account feature` to the program. */
export const register: Register = (program, { stateDir, auditLog }) => {
  const open = (options: StateOptions) => openAccountStore(stateDir(options));
  const openTokens = (options: StateOptions) => openTokenStore(stateDir(options));
  const openAudit = (options: StateOptions) => openCommandAudit(auditLog(options));
  const group = program.command('account').description('the accounts that may call the API');

  const add = group.command('add').description('add an account').argument('<name>');
  add.addOption(
    new Option(
      '--role <role>',
      'user: its own sessions; reseller: also those of the accounts that it owns; admin: every session of the host',
    )
      .choices(['user', 'reseller', 'admin'])
      .default('user'),
  );
  add.option(
    '--system-user <name>',
    'the system user that a user or a reseller stands for (default: NAME)',
  );
  add.addOption(
    new Option(
      '--ftp-logins <login>',
      'in place of a system user: an FTP login whose sessions are its own, or * and what some end in, as in "*@shop.example" (may be given several times)',
    )
      .argParser((login: string, before: readonly string[]) => [...before, login])
      .default([], 'none')
      .conflicts('systemUser'),
  );
  add.option('--yes-root', 'let the account stand for root, or another user with uid 0');
  add.option('--owner <reseller>', 'the reseller that a user account belongs to (default: none)');
  for (const option of [...passwordOptions(), ...stateOptions()]) add.addOption(option);
  add.action(async (name: string, options: AddOptions) => {
    const { role } = await addAccount(open(options), openTokens(options), name, options);
    openAudit(options)({ event: 'account-added', account: name, role });
  });

  const passwd = group.command('passwd').description('set a password').argument('<name>');
  for (const option of [...passwordOptions(), ...stateOptions()]) passwd.addOption(option);
  passwd.action(async (name: string, options: StateOptions & PasswordOptions) => {
    await setPassword(open(options), name, options);
    openAudit(options)({ event: 'password-changed', account: name });
  });

  const remove = group
    .command('remove')
    .description('remove an account; a reseller only when it owns none')
    .argument('<name>');
  for (const option of stateOptions()) remove.addOption(option);
  remove.action(async (name: string, options: StateOptions) => {
    const tokens = openTokens(options);
    // In this order no token can be added once they have been removed.
    await open(options).remove(name);
    const count = await tokens.removeAccount(name);
    openAudit(options)({ event: 'account-removed', account: name });
    printNote(`account ${name} removed${count === 0 ? '' : `, and its tokens (${count})`}`);
  });

  const list = group.command('list').description('list the accounts');
  list.option('--json', 'print JSON');
  for (const option of stateOptions()) list.addOption(option);
  list.action((options: StateOptions & { readonly json?: boolean }) =>
    printAccounts(open(options).list(), options.json === true),
  );

  registerFeatureCommands(group, open, openAudit);
};

function registerFeatureCommands(
  account: Command,
  open: (options: StateOptions) => AccountStore,
  openAudit: (options: StateOptions) => RecordChange,
): void {
  const known = allFeatures.join(', ');
  const group = account
    .command('feature')
    .description(`what an account may use (${known}); a running server obeys at once`);
  for (const [verb, has] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    const command = group.command(verb).description(`${verb} a feature of an account`);
    command.argument('<name>').argument('<feature>', known);
    for (const option of stateOptions()) command.addOption(option);
    command.action(async (name: string, wanted: string, options: StateOptions) => {
      const feature = knownFeature(wanted);
      await open(options).setFeature(name, feature, has);
      const state = has ? 'enabled' : 'disabled';
      openAudit(options)({ event: 'feature-changed', account: name, feature, state });
      printNote(`feature ${feature} of account ${name} ${verb}d`);
    });
  }
}

function knownFeature(name: string): Feature {
  const feature = allFeatures.find((each) => each === name);
  if (feature !== undefined) return feature;
  const known = allFeatures.join(', ');
  throw new RefusedError(
    'unknown',
    `there is no feature ${JSON.stringify(name)}; features are ${known}`,
  );
}

function passwordOptions(): Option[] {
  return [
    new Option('--password-stdin', 'the password is the first line of stdin'),
    new Option('--generate-password', 'make a random password and print it').conflicts(
      'passwordStdin',
    ),
  ];
}

async function addAccount(
  store: AccountStore,
  tokens: TokenStore,
  name: string,
  options: AddOptions,
): Promise<Account> {
  const { role, systemUser, ftpLogins, owner } = options;
  if (role === 'admin' && (systemUser !== undefined || ftpLogins.length > 0)) {
    const option = systemUser === undefined ? '--ftp-logins' : '--system-user';
    throw new UsageError(`${option} is not for an admin, who sees every session`);
  }
  if (role !== 'user' && owner !== undefined) {
    throw new UsageError('--owner is for user accounts: nobody owns a reseller or an admin');
  }
  // Also before anybody types a password; what counts is the store's own check.
  requireAccountName(name);
  if (store.find(name)) throw new RefusedError('exists', `the account ${name} exists already`);
  if (owner !== undefined) requireReseller(store.find(owner), owner);
  requireFtpLogins(ftpLogins);
  const isByLogin = ftpLogins.length > 0;
  const wantedUser = role === 'admin' || isByLogin ? null : (systemUser ?? name);
  const { uid, warning } = await lookUp(wantedUser);
  if ((uid === 0 || wantedUser === 'root') && !options.yesRoot) {
    throw new UsageError(
      `${wantedUser} is root (uid 0), whose sessions are no customer’s; --yes-root if it is meant so`,
    );
  }
  const password = await readNewPassword(options);
  // What a removal that was cut short has left must not open the new account.
  if (!store.find(name)) await tokens.removeAccount(name);
  const account = await store.add({ name, role, systemUser, ftpLogins, owner, password });
  if (options.generatePassword) process.stdout.write(`${password}\n`);
  printNote(`account ${name} added`);
  if (warning !== null) printNote(`warning: ${warning}`);
  if (uid !== null) await warnOfShared(store, account, uid);
  if (isByLogin) warnOfSharedLogins(store, account);
  return account;
}

async function setPassword(
  store: AccountStore,
  name: string,
  options: PasswordOptions,
): Promise<void> {
  if (!store.find(name)) {
    throw new RefusedError('unknown', `there is no account ${JSON.stringify(name)}`);
  }
  const password = await readNewPassword(options);
  await store.setPassword(name, password);
  if (options.generatePassword) process.stdout.write(`${password}\n`);
  printNote(`password of account ${name} set`);
}

/** The uid of an account's system user; null, and why in a sentence, when it cannot be told. */
async function lookUp(
  systemUser: string | null,
): Promise<{ readonly uid: number | null; readonly warning: string | null }> {
  if (systemUser === null) return { uid: null, warning: null };
  try {
    const uid = await createSystemUsers().uidOf(systemUser);
    const missing = `this system has no user ${systemUser} now; until it has, the account sees nothing`;
    return { uid, warning: uid === null ? missing : null };
  } catch (error) {
    const { message } = error as Error;
    return { uid: null, warning: `could not check for the user ${systemUser}: ${message}` };
  }
}

/** Whose a session is the uid tells, so two accounts of one uid have the same sessions. */
async function warnOfShared(store: AccountStore, account: Account, uid: number): Promise<void> {
  const accounts = store.list();
  const names = [...new Set(accounts.flatMap(({ systemUser }) => systemUser ?? []))];
  // That others cannot be looked up their own `account add` has printed.
  const uids = await createSystemUsers()
    .uidsOf(names)
    .catch(() => new Map<string, number>());
  const shared = sharedUids(accounts, uids).find((each) => each.uid === uid);
  const others = shared?.accounts.filter(({ name }) => name !== account.name) ?? [];
  if (others.length === 0) return;
  printNote(
    `warning: ${account.name} has the uid ${uid} in common with ${some(others)}: they see and end each other’s FTP sessions. Give each account a system user of its own (--system-user)`,
  );
}

/** The names of the first three, and how many more there are. */
function some(accounts: readonly Account[]): string {
  const named = accounts.slice(0, 3).map(({ name }) => name);
  return `${named.join(', ')}${accounts.length > 3 ? ` and ${accounts.length - 3} more` : ''}`;
}

/** What another account has as well both of them see and end. */
function warnOfSharedLogins(store: AccountStore, account: Account): void {
  const isIts = ({ name }: Account) => name === account.name;
  const [first, ...more] = sharedLogins(store.list()).filter((each) => each.accounts.some(isIts));
  if (first === undefined) return;
  const others = some(first.accounts.filter((each) => !isIts(each)));
  const which = `${first.login}${more.length > 0 ? ` and ${more.length} more` : ''}`;
  printNote(
    `warning: ${account.name} has FTP logins in common with others (${which}: ${others}): they see and end each other’s FTP sessions`,
  );
}

function printAccounts(accounts: readonly Account[], asJson: boolean): void {
  if (asJson) {
    printJson(accounts);
    return;
  }
  const rows = accounts.map(({ name, role, systemUser, ftpLogins, owner, features }) => [
    name,
    role,
    systemUser ?? '-',
    owner ?? '-',
    features.join(',') || '-',
    ftpLogins.join(',') || '-',
  ]);
  printRows(['NAME', 'ROLE', 'SYSTEM-USER', 'OWNER', 'FEATURES', 'FTP-LOGINS'], rows);
}
