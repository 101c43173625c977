import { type Command, Option } from 'commander';
import type { Account, AccountRole } from '../auth/account.ts';
import { type AccountStore, openAccountStore } from '../auth/account-store.ts';
import { requireAccountName } from '../auth/names.ts';
import { RefusedError } from '../auth/refused-error.ts';
import { createSystemUsers } from '../auth/system-users.ts';
import { note, printJson, printRows } from './output.ts';
import { type PasswordOptions, readNewPassword } from './read-password.ts';
import { type StateDirOf, type StateOptions, stateOptions } from './state-options.ts';
import { UsageError } from './usage-error.ts';

type AddOptions = StateOptions &
  PasswordOptions & { readonly role: AccountRole; readonly systemUser?: string };

/** Adds `account add|passwd|remove|list` to the program. */
export function registerAccountCommands(program: Command, stateDirOf: StateDirOf): void {
  const open = (options: StateOptions) => openAccountStore(stateDirOf(options));
  const group = program.command('account').description('the accounts that may call the API');

  const add = group.command('add').description('add an account').argument('<name>');
  add.addOption(
    new Option('--role <role>', 'user: its own sessions; admin: every session of the host')
      .choices(['user', 'admin'])
      .default('user'),
  );
  add.option(
    '--system-user <name>',
    'the system user that a user account stands for (default: NAME)',
  );
  for (const option of [...passwordOptions(), ...stateOptions()]) add.addOption(option);
  add.action((name: string, options: AddOptions) => addAccount(open(options), name, options));

  const passwd = group.command('passwd').description('set a password').argument('<name>');
  for (const option of [...passwordOptions(), ...stateOptions()]) passwd.addOption(option);
  passwd.action((name: string, options: StateOptions & PasswordOptions) =>
    setPassword(open(options), name, options),
  );

  const remove = group.command('remove').description('remove an account').argument('<name>');
  for (const option of stateOptions()) remove.addOption(option);
  remove.action(async (name: string, options: StateOptions) => {
    await open(options).remove(name);
    note(`account ${name} removed`);
  });

  const list = group.command('list').description('list the accounts');
  list.option('--json', 'print JSON');
  for (const option of stateOptions()) list.addOption(option);
  list.action((options: StateOptions & { readonly json?: boolean }) =>
    printAccounts(open(options).list(), options.json === true),
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

async function addAccount(store: AccountStore, name: string, options: AddOptions): Promise<void> {
  const { role, systemUser } = options;
  if (role === 'admin' && systemUser !== undefined) {
    throw new UsageError('--system-user is for user accounts: an admin sees every session');
  }
  // Also before anybody types a password; what counts is the store's own check.
  requireAccountName(name);
  if (store.find(name)) throw new RefusedError('exists', `the account ${name} exists already`);
  const password = await readNewPassword(options);
  const account = await store.add({ name, role, systemUser, password });
  if (options.generatePassword) process.stdout.write(`${password}\n`);
  note(`account ${name} added`);
  if (account.systemUser !== null) await warnUnlessKnown(account.systemUser);
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
  note(`password of account ${name} set`);
}

async function warnUnlessKnown(systemUser: string): Promise<void> {
  try {
    if ((await createSystemUsers().uidOf(systemUser)) !== null) return;
    note(
      `warning: this system has no user ${systemUser} now; until it has, the account sees nothing`,
    );
  } catch (error) {
    note(`warning: could not check for the user ${systemUser}: ${(error as Error).message}`);
  }
}

function printAccounts(accounts: readonly Account[], asJson: boolean): void {
  if (asJson) {
    printJson(accounts);
    return;
  }
  const rows = accounts.map(({ name, role, systemUser }) => [name, role, systemUser ?? '-']);
  printRows(['NAME', 'ROLE', 'SYSTEM-USER'], rows);
}
