import { RefusedError } from '../lib/refused-error.ts';
import { isSystemUserName } from '../os/users/system-user-name.ts';
import { isLoginPattern } from '../sessions/scope.ts';
import type { AccountRole, Feature, Placement } from './account.ts';
import { allFeatures, maxFtpLogins, publicPart, type StoredAccount } from './accounts-file.ts';
import { requireAccountName } from './names.ts';
import { requirePassword } from './password.ts';
import { dummyHash, hashPassword, requireHash, verifyPassword } from './password-hash.ts';

/** A password, or a hash of one that somebody else has made. */
export type NewCredential = { readonly password: string } | { readonly passwordHash: string };

interface NewAccountPart {
  readonly name: string;
  readonly role: AccountRole;
  /** Not for administrators; the account's own name when left out, unless there are FTP logins. */
  readonly systemUser?: string | undefined;
  /** In place of a system user; as in Account. */
  readonly ftpLogins?: readonly string[] | undefined;
  /** The reseller that a `user` account belongs to. */
  readonly owner?: string | undefined;
}
export type NewAccount = NewAccountPart & NewCredential;

/** What is left out stays as it is. */
export interface AccountChanges {
  readonly role?: AccountRole | undefined;
  /** In place of FTP logins, if it has some. */
  readonly systemUser?: string | undefined;
  /** In place of a system user, if it has one. */
  readonly ftpLogins?: readonly string[] | undefined;
  /** Null for none. */
  readonly owner?: string | null | undefined;
}

/** What goes into the file for a new account. Rejects with RefusedError where any of it will not do. */
export async function newEntry(account: NewAccount): Promise<StoredAccount> {
  // Before the hash is made, which takes its time.
  entryWith(account, dummyHash);
  requireCredential(account);
  return entryWith(account, await hashOf(account));
}

/** A new account under that hash of a password. Throws RefusedError where any of it will not do. */
export function entryWith(account: NewAccountPart, passwordHash: string): StoredAccount {
  return entryOf({ ...account, features: allFeatures, passwordHash });
}

/** Throws RefusedError unless that may become an account's. */
export function requireCredential(credential: NewCredential): void {
  if ('password' in credential) requirePassword(credential.password);
  else requireHash(credential.passwordHash);
}

/** Whether it is what that hash is of; a hash is when it is the same text. */
export async function isOfHash(known: string, credential: NewCredential): Promise<boolean> {
  return 'password' in credential
    ? verifyPassword(known, credential.password)
    : known === credential.passwordHash;
}

/** The hash that is kept of it. */
export async function hashOf(credential: NewCredential): Promise<string> {
  return 'password' in credential ? hashPassword(credential.password) : credential.passwordHash;
}

/**
 * What an account is after changes, under that hash of a password; throws RefusedError where they will
 * not do.
 */
export function changed(
  before: StoredAccount,
  changes: AccountChanges,
  passwordHash: string,
): StoredAccount {
  const { name } = before;
  const { systemUser, ftpLogins, owner, features, placements } = publicPart(before);
  const { role = before.role } = changes;
  const given = { systemUser: changes.systemUser, ftpLogins: changes.ftpLogins };
  const kept = role === 'admin' ? {} : { systemUser: systemUser ?? undefined, ftpLogins };
  const isGiven = given.systemUser !== undefined || given.ftpLogins !== undefined;
  return entryOf({
    name,
    role,
    ...(isGiven ? given : kept),
    owner: changes.owner ?? (changes.owner === undefined && role === 'user' ? owner : null),
    features,
    placements,
    passwordHash,
  });
}

type Entry = Omit<NewAccountPart, 'owner'> & {
  readonly owner?: string | null | undefined;
  readonly features: readonly Feature[];
  readonly placements?: readonly Placement[] | undefined;
  readonly passwordHash: string;
};

/** Throws RefusedError where any of it will not do. */
function entryOf({ features, placements, passwordHash, ...account }: Entry): StoredAccount {
  const { name, role, owner = null } = account;
  const ftpLogins = [...new Set(account.ftpLogins)];
  const systemUser = account.systemUser ?? (ftpLogins.length > 0 ? null : name);
  requireAccountName(name);
  if (role === 'admin' && (account.systemUser !== undefined || ftpLogins.length > 0)) {
    throw new RefusedError('invalid', 'an admin account has no system user and no FTP logins');
  }
  requireFtpLogins(ftpLogins);
  if (ftpLogins.length > 0 && account.systemUser !== undefined) {
    throw new RefusedError('invalid', 'an account stands for a system user or for FTP logins');
  }
  if (role !== 'user' && owner !== null) {
    throw new RefusedError('invalid', 'only a user account has an owner');
  }
  if (systemUser !== null && !isSystemUserName(systemUser)) {
    throw new RefusedError('invalid', `${JSON.stringify(systemUser)} is no name of a system user`);
  }
  if (role === 'admin') return { name, role, passwordHash };
  const entry = {
    name,
    systemUser,
    ...(ftpLogins.length > 0 ? { ftpLogins } : {}),
    features,
    ...(placements === undefined ? {} : { placements }),
    passwordHash,
  };
  return role === 'user' ? { ...entry, role, owner } : { ...entry, role };
}

/** Throws RefusedError for what can be no FTP logins of an account. */
export function requireFtpLogins(logins: readonly string[]): void {
  const wrong = logins.find((login) => !isLoginPattern(login));
  if (wrong !== undefined) {
    const what = 'is no FTP login, nor "*" and what some end in';
    throw new RefusedError('invalid', `${JSON.stringify(wrong)} ${what}`);
  }
  if (logins.length <= maxFtpLogins) return;
  throw new RefusedError('invalid', `an account has ${maxFtpLogins} FTP logins at most`);
}

/** The account with or without a feature; throws RefusedError for an administrator's. */
export function withFeature(stored: StoredAccount, feature: Feature, has: boolean): StoredAccount {
  if (stored.role === 'admin') {
    throw new RefusedError('refused', 'an admin account has every feature');
  }
  const others = stored.features.filter((each) => each !== feature);
  return { ...stored, features: has ? [...others, feature] : others };
}
