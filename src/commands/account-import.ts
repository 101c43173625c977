import {
  ImportError,
  type Imported,
  type ImportedAccount,
  readImported,
} from '../accounts/account-import.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import { formatSharedLogins } from '../accounts/shared-logins.ts';
import { formatUids } from '../accounts/shared-uids.ts';
import type { TokenStore } from '../accounts/token-store.ts';
import { listed } from '../lib/listed.ts';
import { RefusedError } from '../lib/refused-error.ts';
import { createSystemUsers } from '../os/users/system-users.ts';
import type { RecordChange } from './command-audit.ts';
import { printJson, printNote, printRows } from './output.ts';
import { readInput } from './read-input.ts';
import type { StateOptions } from './state-options.ts';

/** What `account import` is called with. */
export type ImportOptions = StateOptions & {
  readonly json?: boolean;
  readonly yesRoot?: boolean;
  /** Whether this machine asks other hosts, where an account stands for what its places say. */
  readonly isGateway?: boolean;
};

/**
 * Adds and changes the accounts of a file, or of stdin, and says of each what became of it. Rejects with
 * RefusedError, and then nothing has changed and all that is wrong was printed.
 */
export async function importAccounts(
  store: AccountStore,
  tokens: TokenStore,
  record: RecordChange,
  file: string,
  options: ImportOptions,
): Promise<void> {
  const asJson = options.json === true;
  try {
    const wanted = readImported(await readList(file));
    const users = wanted.flatMap((each) => userOf(each, store) ?? []);
    const uids = await uidsOf([...users, ...store.list().flatMap((each) => each.systemUser ?? [])]);
    if (options.yesRoot !== true) requireNoRoot(wanted, store, uids);
    await removeLeftTokens(wanted, store, tokens);
    const imported = await store.import(wanted);
    for (const each of imported) recordImported(each, record);
    printImported(imported, asJson);
    if (uids !== null && imported.some(({ isOther }) => isOther)) {
      warnOf(store, imported, uids, options.isGateway === true);
    }
  } catch (error) {
    if (error instanceof ImportError) printFaults(error, asJson);
    throw error;
  }
}

async function readList(file: string): Promise<unknown[]> {
  const { bytes, name } = await readInput(file);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new RefusedError('invalid', `${name} is no JSON${placeOf(error, bytes)}`);
  }
  if (Array.isArray(value)) return value;
  throw new RefusedError('invalid', `${name} is no list of accounts`);
}

/** Of what JSON.parse says no more than the line: it quotes what it has read, passwords too. */
function placeOf(error: unknown, bytes: Buffer): string {
  const position = / at position (\d+)/.exec((error as Error).message)?.[1];
  if (position === undefined) return '';
  const before = bytes.toString('utf8').slice(0, Number(position));
  return `; look at line ${before.split('\n').length}`;
}

/** The system user that an account is to stand for; null for none, or for the one that it has. */
function userOf(wanted: ImportedAccount, store: AccountStore): string | null {
  const { name, role, systemUser, ftpLogins } = wanted;
  const before = store.find(name);
  if (systemUser !== undefined) return systemUser === before?.systemUser ? null : systemUser;
  const isAdmin = (role ?? before?.role) === 'admin';
  const keeps = before !== undefined && before.role !== 'admin';
  return isAdmin || ftpLogins !== undefined || keeps ? null : name;
}

type Uids = ReadonlyMap<string, number>;

/** Of those that have one; null where the system cannot be asked, which is said. */
async function uidsOf(users: readonly string[]): Promise<Uids | null> {
  try {
    return await createSystemUsers().uidsOf([...new Set(users)]);
  } catch (error) {
    printNote(`warning: could not check for system users: ${(error as Error).message}`);
    return null;
  }
}

/** Throws ImportError for accounts that would stand for root from now on. */
function requireNoRoot(
  wanted: readonly ImportedAccount[],
  store: AccountStore,
  uids: Uids | null,
): void {
  const faults = wanted.flatMap((each, index) => {
    const user = userOf(each, store);
    if (user === null || (user !== 'root' && uids?.get(user) !== 0)) return [];
    const fault = `${user} is root (uid 0), whose sessions are no customer’s; --yes-root if it is meant so`;
    return [{ index, account: each.name, fault }];
  });
  if (faults.length > 0) throw new ImportError(faults);
}

/** What a removal that was cut short has left must not open a new account. */
async function removeLeftTokens(
  wanted: readonly ImportedAccount[],
  store: AccountStore,
  tokens: TokenStore,
): Promise<void> {
  const having = new Set(tokens.list().map(({ account }) => account));
  for (const { name } of wanted) {
    if (having.has(name) && store.find(name) === undefined) await tokens.removeAccount(name);
  }
}

function recordImported(imported: Imported, record: RecordChange): void {
  const { account, became, isOther, hasNewPassword } = imported;
  const { name, role } = account;
  if (became === 'added') record({ event: 'account-added', account: name, role });
  else if (isOther) record({ event: 'account-changed', account: name, role });
  if (became !== 'added' && hasNewPassword) record({ event: 'password-changed', account: name });
}

function printImported(imported: readonly Imported[], asJson: boolean): void {
  const rows = imported.map(({ account, became }) => ({ account: account.name, became }));
  if (asJson) printJson({ accounts: rows, faults: [] });
  else
    printRows(
      ['ACCOUNT', 'BECAME'],
      rows.map(({ account, became }) => [account, became]),
    );
}

function printFaults({ faults }: ImportError, asJson: boolean): void {
  if (asJson) printJson({ accounts: [], faults });
  for (const { index, account, fault } of faults) {
    const name = account === null ? '' : ` (${JSON.stringify(account)})`;
    printNote(`[${index}]${name}: ${fault}`);
  }
}

/** What a start of the server would say of them as well. */
function warnOf(
  store: AccountStore,
  imported: readonly Imported[],
  uids: Uids,
  isGateway: boolean,
): void {
  const missing = imported.flatMap(({ isOther, account: { systemUser } }) =>
    isOther && systemUser !== null && !uids.has(systemUser) ? [systemUser] : [],
  );
  if (missing.length > 0) {
    const names = listed([...new Set(missing)]);
    printNote(
      isGateway
        ? `warning: this gateway has no system user ${names}; their accounts see what uapid account place says of other hosts, and nothing else`
        : `warning: this system has no user ${names} now; until it has, their accounts see nothing`,
    );
  }
  const accounts = store.list();
  const logins = formatSharedLogins(accounts);
  for (const sentence of [...formatUids(accounts, uids), ...(logins === null ? [] : [logins])]) {
    printNote(`warning: ${sentence}`);
  }
}
