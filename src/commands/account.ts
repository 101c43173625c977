import { type Command, Option } from 'commander';
import type { Account, Feature } from '../accounts/account.ts';
import { type AccountStore, openAccountStore } from '../accounts/account-store.ts';
import { allFeatures } from '../accounts/accounts-file.ts';
import { openTokenStore } from '../accounts/token-store.ts';
import { openHostsStore } from '../fleet/inventory/hosts-store.ts';
import { RefusedError } from '../lib/refused-error.ts';
import { type AddOptions, addAccount } from './account-add.ts';
import { type ImportOptions, importAccounts } from './account-import.ts';
import { type PlaceOptions, placeAccounts } from './account-place.ts';
import { type SetOptions, setAccount } from './account-set.ts';
import { standingOptions } from './account-standing.ts';
import type { Register } from './command.ts';
import { openCommandAudit, type RecordChange } from './command-audit.ts';
import { printJson, printNote, printRows } from './output.ts';
import {
  credentialOptions,
  type PasswordOptions,
  passwordOptions,
  printGenerated,
  readNewPassword,
} from './read-password.ts';
import { type StateOptions, stateOptions } from './state-options.ts';

/** Adds `account add|set|import|passwd|remove|list` and `account feature` to the program. */
export const register: Register = (program, { stateDir, auditLog }) => {
  const open = (options: StateOptions) => openAccountStore(stateDir(options));
  const openTokens = (options: StateOptions) => openTokenStore(stateDir(options));
  const openAudit = (options: StateOptions) => openCommandAudit(auditLog(options));
  /** The hosts that this machine asks as the gateway of a fleet; none where it is none. */
  const hostsOf = (options: StateOptions) =>
    openHostsStore(stateDir(options))
      .list()
      .map((host) => host.name);
  const group = program.command('account').description('the accounts that may call the API');

  const add = group.command('add').description('add an account').argument('<name>');
  for (const option of standingOptions()) add.addOption(option);
  add.addOption(roleOption().default('user'));
  add.option('--owner <reseller>', 'the reseller that a user account belongs to (default: none)');
  for (const option of [...credentialOptions(), ...stateOptions()]) add.addOption(option);
  add.action(async (name: string, options: AddOptions) => {
    const wanted = { ...options, isGateway: hostsOf(options).length > 0 };
    await addAccount(open(options), openTokens(options), openAudit(options), name, wanted);
  });

  const set = group
    .command('set')
    .description('change an account, or add it; what is not named stays, and so do its tokens')
    .argument('<name>');
  for (const option of standingOptions()) set.addOption(option);
  set.addOption(roleOption());
  set.option('--owner <reseller>', 'the reseller that a user account belongs to');
  set.option('--no-owner', 'let it belong to none');
  set.addOption(
    new Option('--json', 'print what became of it as JSON').conflicts('generatePassword'),
  );
  for (const option of [...credentialOptions(), ...stateOptions()]) set.addOption(option);
  set.action(async (name: string, options: SetOptions) => {
    const wanted = { ...options, isGateway: hostsOf(options).length > 0 };
    await setAccount(open(options), openTokens(options), openAudit(options), name, wanted);
  });

  const many = group
    .command('import')
    .description('add and change many accounts at once, all of them or none')
    .argument('<file>', 'a list in JSON (docs/commands.md), or - for stdin')
    .option('--json', 'print what became of each as JSON')
    .option('--yes-root', 'let accounts stand for root, or another user with uid 0');
  for (const option of stateOptions()) many.addOption(option);
  many.action((file: string, options: ImportOptions) => {
    const wanted = { ...options, isGateway: hostsOf(options).length > 0 };
    return importAccounts(open(options), openTokens(options), openAudit(options), file, wanted);
  });

  const place = group
    .command('place')
    .description('say on which hosts of a fleet an account is, at its gateway (docs/fleet.md)')
    .argument('[name]');
  place.option(
    '--on <host:user>',
    'a host, and the system user there; as often as needed',
    collect,
  );
  place.option('--nowhere', 'it is on none');
  place.option('--from <file>', 'many at once, in JSON: {"alice": ["web1:alice"], …}; - for stdin');
  for (const option of stateOptions()) place.addOption(option);
  place.action((name: string | undefined, options: PlaceOptions) =>
    placeAccounts(open(options), openAudit(options), hostsOf(options), name, options),
  );

  const passwd = group.command('passwd').description('set a password').argument('<name>');
  for (const option of [...passwordOptions(), ...stateOptions()]) passwd.addOption(option);
  passwd.action(async (name: string, options: StateOptions & PasswordOptions) => {
    await setPassword(open(options), openAudit(options), name, options);
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

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

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

function roleOption(): Option {
  return new Option(
    '--role <role>',
    'user: its own sessions; reseller: also those of the accounts that it owns; admin: every session of the host',
  ).choices(['user', 'reseller', 'admin']);
}

async function setPassword(
  store: AccountStore,
  record: RecordChange,
  name: string,
  options: PasswordOptions,
): Promise<void> {
  if (!store.find(name)) {
    throw new RefusedError('unknown', `there is no account ${JSON.stringify(name)}`);
  }
  const password = await readNewPassword(options);
  await store.setPassword(name, password);
  record({ event: 'password-changed', account: name });
  await printGenerated(options, { password }, name, 'changed');
  printNote(`password of account ${name} set`);
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
