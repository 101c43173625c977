import { Option } from 'commander';
import type { Account, AccountRole } from '../accounts/account.ts';
import type { AccountStore } from '../accounts/account-store.ts';
import { sharedLogins } from '../accounts/shared-logins.ts';
import { sharedUids } from '../accounts/shared-uids.ts';
import { listed } from '../lib/listed.ts';
import { createSystemUsers } from '../os/users/system-users.ts';
import { printNote } from './output.ts';
import { UsageError } from './usage-error.ts';

/** Whom an account stands for. */
export interface StandingOptions {
  readonly systemUser?: string;
  /** Undefined for none. */
  readonly ftpLogins?: readonly string[];
  readonly yesRoot?: boolean;
  /** Whether this machine asks other hosts, where the account stands for what its places say. */
  readonly isGateway?: boolean;
}

/** Their definitions. */
export function standingOptions(): Option[] {
  return [
    new Option(
      '--system-user <name>',
      'the system user that a user or a reseller stands for (default: NAME)',
    ),
    new Option(
      '--ftp-logins <login>',
      'in place of a system user: an FTP login whose sessions are its own, or * and what some end in, as in "*@shop.example" (may be given several times)',
    )
      .argParser((login: string, before: readonly string[] = []) => [...before, login])
      .conflicts('systemUser'),
    new Option('--yes-root', 'let the account stand for root, or another user with uid 0'),
  ];
}

/** Throws UsageError for what an account of that role cannot have. */
export function requireFitting(
  role: AccountRole,
  { systemUser, ftpLogins, owner }: StandingOptions & { readonly owner?: string | false },
): void {
  if (role === 'admin' && (systemUser !== undefined || ftpLogins !== undefined)) {
    const option = systemUser === undefined ? '--ftp-logins' : '--system-user';
    throw new UsageError(`${option} is not for an admin, who sees every session`);
  }
  if (role !== 'user' && typeof owner === 'string') {
    throw new UsageError('--owner is for user accounts: nobody owns a reseller or an admin');
  }
}

/** The system user that an account is to stand for, looked up. */
export interface Standing {
  /** Null where there is none, or it cannot be told. */
  readonly uid: number | null;
  /** What is to be said of it, in a sentence. */
  readonly warning: string | null;
}

/**
 * Looks up the system user that an account is to stand for; null for none. Rejects with UsageError for
 * root, unless `mayBeRoot`.
 */
export async function lookUpStanding(
  systemUser: string | null,
  { mayBeRoot, isGateway = false }: { readonly mayBeRoot: boolean; readonly isGateway?: boolean },
): Promise<Standing> {
  const standing = await lookUp(systemUser, isGateway);
  if ((standing.uid === 0 || systemUser === 'root') && !mayBeRoot) {
    throw new UsageError(
      `${systemUser} is root (uid 0), whose sessions are no customer’s; --yes-root if it is meant so`,
    );
  }
  return standing;
}

/** Says what an administrator should know of an account that was added or changed. */
export async function warnOfStanding(
  store: AccountStore,
  account: Account,
  { uid, warning }: Standing,
): Promise<void> {
  if (warning !== null) printNote(`warning: ${warning}`);
  if (uid !== null) await warnOfShared(store, account, uid);
  if (account.role !== 'admin') warnOfSharedLogins(store, account);
}

/** The uid of an account's system user; null, and why in a sentence, when it cannot be told. */
async function lookUp(systemUser: string | null, isGateway: boolean): Promise<Standing> {
  if (systemUser === null) return { uid: null, warning: null };
  try {
    const uid = await createSystemUsers().uidOf(systemUser);
    const missing = isGateway
      ? `this gateway has no system user ${systemUser}; the account sees what uapid account place says of other hosts, and nothing else`
      : `this system has no user ${systemUser} now; until it has, the account sees nothing`;
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

/** The names of some accounts. */
function some(accounts: readonly Account[]): string {
  return listed(accounts.map(({ name }) => name));
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
