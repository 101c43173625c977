import { join } from 'node:path';
import * as z from 'zod';
import { RefusedError } from '../lib/refused-error.ts';
import { isSystemUserName } from '../os/users/system-user-name.ts';
import { isLoginPattern } from '../sessions/scope.ts';
import { openJsonFile } from '../state/json-file.ts';
import type { Account, AccountDirectory, AccountRole, Feature } from './account.ts';
import { isAccountName, requireAccountName } from './names.ts';
import { requirePassword } from './password.ts';
import { dummyHash, hashPassword, passwordHash, verifyPassword } from './password-hash.ts';

/** Every feature that an account can have; a new one has them all. */
export const allFeatures: readonly Feature[] = ['ftpaccts'];

/** A reseller's scope has those of all its accounts (`maxScopeEntries`). */
export const maxFtpLogins = 100;

const name = z.string().refine(isAccountName, 'is no account name');
const systemUser = z.string().refine(isSystemUserName, 'is no name of a system user').nullable();
const ftpLogins = z
  .array(z.string().refine(isLoginPattern, 'is no FTP login, nor "*" and the end of some'))
  .max(maxFtpLogins)
  .readonly()
  .default([]);

const owner = name.nullable().default(null);
const features = z.array(z.literal(allFeatures)).readonly().default(allFeatures);

/** What tells whose sessions an account sees, and what it may use. */
const ofCustomer = { name, systemUser, ftpLogins, features, passwordHash };
const standsForOne = [
  (account: { systemUser: string | null; ftpLogins: readonly string[] }) =>
    (account.systemUser === null) === account.ftpLogins.length > 0,
  'stands for a system user or for FTP logins, for one of the two',
] as const;

const storedAccount = z.discriminatedUnion('role', [
  z.strictObject({ ...ofCustomer, role: z.literal('user'), owner }).refine(...standsForOne),
  z.strictObject({ ...ofCustomer, role: z.literal('reseller') }).refine(...standsForOne),
  z.strictObject({ name, role: z.literal('admin'), passwordHash }),
]);
type StoredAccount = z.infer<typeof storedAccount>;

/** What accounts.json holds. */
const accountsFile = z.strictObject({
  version: z.literal(1, 'is not a version that this uapid knows'),
  accounts: z
    .array(storedAccount)
    .refine((all) => new Set(all.map((each) => each.name)).size === all.length, 'has a name twice')
    // Else it would go to whoever is the next reseller of that name.
    .refine(everyOwnerIsReseller, 'has an account whose owner is no reseller'),
});
export type AccountsFile = z.infer<typeof accountsFile>;

export interface StoreOptions {
  /** Told once per change of the file that could not be taken over. */
  readonly onProblem?: (message: string) => void;
}

export interface NewAccount {
  readonly name: string;
  readonly role: AccountRole;
  /** Not for administrators; the account's own name when left out, unless there are FTP logins. */
  readonly systemUser?: string | undefined;
  /** In place of a system user; as in Account. */
  readonly ftpLogins?: readonly string[] | undefined;
  /** The reseller that a `user` account belongs to. */
  readonly owner?: string | undefined;
  readonly password: string;
}

/** The accounts with what changes them; a change by another process shows at the next use. */
export interface AccountStore extends AccountDirectory {
  /** All accounts by name. */
  list(): readonly Account[];
  isEmpty(): boolean;
  /** The file's content of this moment: the same object while it does not change. */
  file(): AccountsFile;
  /** Rejects with RefusedError when the account exists, or its name, user, owner or password will not do. */
  add(account: NewAccount): Promise<Account>;
  /** Rejects with RefusedError when there is no such account or the password will not do. */
  setPassword(name: string, password: string): Promise<void>;
  /** Rejects with RefusedError when there is no such account, or it is an administrator's. */
  setFeature(name: string, feature: Feature, has: boolean): Promise<void>;
  /** Rejects with RefusedError when there is no such account, or it is a reseller that owns some. */
  remove(name: string): Promise<void>;
}

/** What answers for accounts, from wherever `read` has the file's content of this moment. */
export function createAccountDirectory(read: () => AccountsFile): AccountDirectory {
  const named = (wanted: string) => byName(read()).get(wanted);
  return {
    find: (wanted) => named(wanted)?.account,

    list: () =>
      read()
        .accounts.map(publicPart)
        .sort((a, b) => (a.name < b.name ? -1 : 1)),

    ownedBy: (reseller) =>
      read()
        .accounts.filter((each) => each.role === 'user' && each.owner === reseller)
        .map(publicPart),

    generation: (wanted) => named(wanted)?.stored.passwordHash,

    async verify(wanted, password) {
      const known = named(wanted)?.stored.passwordHash;
      const matches = await verifyPassword(known ?? dummyHash, password);
      return matches && known !== undefined;
    },
  };
}

interface Named {
  readonly stored: StoredAccount;
  readonly account: Account;
}

const indices = new WeakMap<AccountsFile, ReadonlyMap<string, Named>>();

/** Made once for each state of the file: every request asks for its account more than once. */
function byName(file: AccountsFile): ReadonlyMap<string, Named> {
  const known = indices.get(file);
  if (known !== undefined) return known;
  const index = new Map(
    file.accounts.map((stored) => [stored.name, { stored, account: publicPart(stored) }]),
  );
  indices.set(file, index);
  return index;
}

/**
 * The accounts in `accounts.json` of the state directory. Creates nothing until the first change.
 * Throws StateFileError when the file is damaged or unreadable.
 */
export function openAccountStore(stateDir: string, options: StoreOptions = {}): AccountStore {
  const file = openJsonFile<AccountsFile>({
    path: join(stateDir, 'accounts.json'),
    schema: accountsFile,
    initial: { version: 1, accounts: [] },
    onProblem: options.onProblem,
  });
  const stored = () => file.read().accounts;
  const update = (change: (accounts: StoredAccount[]) => StoredAccount[]) =>
    file.update((state) => ({ ...state, accounts: change(state.accounts) }));

  return {
    ...createAccountDirectory(file.read),
    file: file.read,

    isEmpty: () => stored().length === 0,

    async add(account) {
      const entry = await newEntry(account);
      await update((accounts) => {
        if (accounts.some((each) => each.name === entry.name)) {
          throw new RefusedError('exists', `the account ${entry.name} exists already`);
        }
        if (account.owner !== undefined) {
          requireReseller(
            accounts.find((each) => each.name === account.owner),
            account.owner,
          );
        }
        return [...accounts, entry];
      });
      return publicPart(entry);
    },

    async setPassword(wanted, password) {
      requirePassword(password);
      const renewed = await hashPassword(password);
      await update((accounts) => {
        requireKnown(accounts, wanted);
        return accounts.map((each) =>
          each.name === wanted ? { ...each, passwordHash: renewed } : each,
        );
      });
    },

    async setFeature(wanted, feature, has) {
      await update((accounts) => {
        requireKnown(accounts, wanted);
        return accounts.map((each) =>
          each.name === wanted ? withFeature(each, feature, has) : each,
        );
      });
    },

    async remove(wanted) {
      await update((accounts) => {
        requireKnown(accounts, wanted);
        requireNothingOwned(accounts, wanted);
        return accounts.filter((each) => each.name !== wanted);
      });
    },
  };
}

function publicPart(stored: StoredAccount): Account {
  const { name, role } = stored;
  if (role === 'admin') {
    return { name, role, systemUser: null, ftpLogins: [], owner: null, features: allFeatures };
  }
  const { systemUser, ftpLogins, features } = stored;
  return {
    name,
    role,
    systemUser,
    ftpLogins,
    owner: role === 'user' ? stored.owner : null,
    features,
  };
}

async function newEntry(account: NewAccount): Promise<StoredAccount> {
  const { name, role, owner = null, password } = account;
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
  requirePassword(password);
  const passwordHash = await hashPassword(password);
  if (role === 'admin') return { name, role, passwordHash };
  const entry = { name, systemUser, ftpLogins, features: allFeatures, passwordHash };
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

function withFeature(stored: StoredAccount, feature: Feature, has: boolean): StoredAccount {
  if (stored.role === 'admin') {
    throw new RefusedError('invalid', 'an admin account has every feature');
  }
  const others = stored.features.filter((each) => each !== feature);
  return { ...stored, features: has ? [...others, feature] : others };
}

/** Throws RefusedError unless what was found under that name is a reseller. */
export function requireReseller(found: { readonly role: AccountRole } | undefined, name: string) {
  if (found?.role === 'reseller') return;
  throw new RefusedError('unknown', `there is no reseller ${JSON.stringify(name)}`);
}

function everyOwnerIsReseller(accounts: readonly StoredAccount[]): boolean {
  const resellers = new Set(
    accounts.filter(({ role }) => role === 'reseller').map(({ name }) => name),
  );
  return accounts.every(
    (each) => each.role !== 'user' || each.owner === null || resellers.has(each.owner),
  );
}

/** A later reseller of the same name must not inherit what belonged to this one. */
function requireNothingOwned(accounts: readonly StoredAccount[], wanted: string): void {
  const count = accounts.filter((each) => each.role === 'user' && each.owner === wanted).length;
  if (count === 0) return;
  const owned = count === 1 ? '1 account; remove it' : `${count} accounts; remove them`;
  throw new RefusedError('invalid', `the reseller ${wanted} still owns ${owned} first`);
}

function requireKnown(accounts: readonly StoredAccount[], wanted: string): void {
  if (accounts.some((each) => each.name === wanted)) return;
  throw new RefusedError('unknown', `there is no account ${JSON.stringify(wanted)}`);
}
