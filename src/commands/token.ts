import { Option } from 'commander';
import { openAccountStore } from '../accounts/account-store.ts';
import { hasExpired, openTokenStore, type Token } from '../accounts/token-store.ts';
import { RefusedError } from '../lib/refused-error.ts';
import type { Register } from './command.ts';
import { openCommandAudit, type RecordChange } from './command-audit.ts';
import { printJson, printNote, printRows, printSecret } from './output.ts';
import { type StateOptions, stateOptions } from './state-options.ts';
import { UsageError } from './usage-error.ts';

interface AddOptions extends StateOptions {
  readonly name?: string;
  readonly expires?: string;
  readonly readOnly?: boolean;
  readonly from?: readonly string[];
}

interface ListOptions extends StateOptions {
  readonly json?: boolean;
}

/** Adds `token add|list|revoke` to the program. */
export const register: Register = (program, { stateDir, auditLog }) => {
  const group = program
    .command('token')
    .description('the API tokens of accounts; a running server obeys at once');

  const add = group
    .command('add')
    .description('make a token and print it, this once')
    .argument('<account>')
    .option('--name <label>', 'what it is for: 1 to 64 characters, once an account')
    .option('--expires <time>', 'when it ends: 90m, 12h, 30d or 4w from now (default: never)')
    .option('--read-only', 'let it read only: what ends sessions or makes logins is refused')
    .addOption(
      new Option(
        '--from <address>',
        'an IP address, or a range as 192.0.2.0/24, that it may come from (may be given several times; default: any)',
      ).argParser((range: string, before: readonly string[] = []) => [...before, range]),
    );
  for (const option of stateOptions()) add.addOption(option);
  add.action((account: string, options: AddOptions) =>
    addToken(stateDir(options), openCommandAudit(auditLog(options)), account, options),
  );

  const list = group.command('list').description('list the tokens').argument('[account]');
  list.option('--json', 'print JSON');
  for (const option of stateOptions()) list.addOption(option);
  list.action((account: string | undefined, options: ListOptions) =>
    listTokens(stateDir(options), account, options.json === true),
  );

  const revoke = group.command('revoke').description('end a token').argument('<id>');
  for (const option of stateOptions()) revoke.addOption(option);
  revoke.action(async (id: string, options: StateOptions) => {
    const { account } = await openTokenStore(stateDir(options)).revoke(id);
    openCommandAudit(auditLog(options))({ event: 'token-revoked', account, token: id });
    printNote(`token ${id} of account ${account} revoked`);
  });
};

async function addToken(
  stateDir: string,
  recordChange: RecordChange,
  account: string,
  { name: label, expires, readOnly, from }: AddOptions,
): Promise<void> {
  const lifetimeMs = expires === undefined ? undefined : parseLifetime(expires);
  const accounts = openAccountStore(stateDir);
  const tokens = openTokenStore(stateDir);
  const wanted = { account, label, lifetimeMs, readOnly, from };
  const made = await tokens.add(wanted, accounts);
  const { id, expiresAt } = made.token;
  recordChange({ event: 'token-added', account, token: id });
  await printSecret(made.text, async (reason) => {
    await tokens.revoke(id);
    recordChange({ event: 'token-revoked', account, token: id });
    return `the token could not be printed (${reason}), so it was revoked; make another: uapid token add ${account}`;
  });
  const end = expiresAt === null ? 'until it is revoked' : `until ${expiresAt}`;
  printNote(`token ${id} of account ${account} added, valid ${end}; it is not shown again`);
}

const unitMs = new Map([
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);

/** The milliseconds in a text like "30d". Throws UsageError for any other text. */
function parseLifetime(text: string): number {
  const [, digits, unit = ''] = /^([1-9]\d{0,3})([mhdw])$/.exec(text) ?? [];
  const ms = unitMs.get(unit);
  if (digits !== undefined && ms !== undefined) return Number(digits) * ms;
  throw new UsageError(
    `--expires: ${JSON.stringify(text)} is not a number from 1 to 9999 followed by m, h, d or w ` +
      '(minutes, hours, days, weeks)',
  );
}

function listTokens(stateDir: string, account: string | undefined, asJson: boolean): void {
  if (account !== undefined && openAccountStore(stateDir).find(account) === undefined) {
    throw new RefusedError('unknown', `there is no account ${JSON.stringify(account)}`);
  }
  const tokens = openTokenStore(stateDir).list(account);
  if (asJson) {
    printJson(tokens);
    return;
  }
  const headings = ['ID', 'ACCOUNT', 'NAME', 'CREATED', 'EXPIRES', 'MAY', 'FROM'];
  printRows(headings, tokens.map(row));
}

function row(token: Token): string[] {
  const { id, account, label, createdAt, expiresAt, readOnly, from } = token;
  const end = hasExpired(token, Date.now()) ? `expired ${expiresAt}` : (expiresAt ?? 'never');
  const may = readOnly ? 'read' : 'all';
  return [id, account, label ?? '-', createdAt, end, may, from.join(',') || 'any'];
}
