import { join } from 'node:path';
import { z } from 'zod';
import { openJsonFile } from '../state/json-file.ts';
import type { Account, AccountDirectory, AccountRole } from './account.ts';
import { isAccountName, isSystemUserName, requireAccountName } from './names.ts';
import { requirePassword } from './password.ts';
import { dummyHash, hashPassword, passwordHash, verifyPassword } from './password-hash.ts';
import { RefusedError } from './refused-error.ts';

const name = z.string().refine(isAccountName, 'is no account name');
const systemUser = z.string().refine(isSystemUserName, 'is no name of a system user');

const storedAccount = z.discriminatedUnion('role', [
  z.strictObject({ name, role: z.literal('user'), systemUser, passwordHash }),
  z.strictObject({ name, role: z.literal('admin'), passwordHash }),
]);
type StoredAccount = z.infer<typeof storedAccount>;

/** What accounts.json holds. */
const accountsFile = z.strictObject({
  version: z.literal(1, 'is not a version that this uapid knows'),
  accounts: z
    .array(storedAccount)
    .refine((all) => new Set(all.map((each) => each.name)).size === all.length, 'has a name twice'),
});
type AccountsFile = z.infer<typeof accountsFile>;

export interface StoreOptions {
  /** Told once per change of the file that could not be taken over. */
  readonly onProblem?: (message: string) => void;
}

export interface NewAccount {
  readonly name: string;
  readonly role: AccountRole;
  /** For `user` accounts only; the account's own name when left out. */
  readonly systemUser?: string | undefined;
  readonly password: string;
}

/** The accounts with what changes them; a change by another process shows at the next use. */
export interface AccountStore extends AccountDirectory {
  /** All accounts by name. */
  list(): readonly Account[];
  isEmpty(): boolean;
  /** Rejects with RefusedError when the account exists, or its name, user or password will not do. */
  add(account: NewAccount): Promise<Account>;
  /** Rejects with RefusedError when there is no such account or the password will not do. */
  setPassword(name: string, password: string): Promise<void>;
  /** Rejects with RefusedError when there is no such account. */
  remove(name: string): Promise<void>;
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
  const named = (wanted: string) => stored().find((each) => each.name === wanted);
  const update = (change: (accounts: StoredAccount[]) => StoredAccount[]) =>
    file.update((state) => ({ ...state, accounts: change(state.accounts) }));

  return {
    find(wanted) {
      const found = named(wanted);
      return found && publicPart(found);
    },

    async verify(wanted, password) {
      const known = named(wanted)?.passwordHash;
      const matches = await verifyPassword(known ?? dummyHash, password);
      return matches && known !== undefined;
    },

    list: () =>
      stored()
        .map(publicPart)
        .sort((a, b) => (a.name < b.name ? -1 : 1)),

    isEmpty: () => stored().length === 0,

    async add(account) {
      const entry = await newEntry(account);
      await update((accounts) => {
        if (accounts.some((each) => each.name === entry.name)) {
          throw new RefusedError('exists', `the account ${entry.name} exists already`);
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

    async remove(wanted) {
      await update((accounts) => {
        requireKnown(accounts, wanted);
        return accounts.filter((each) => each.name !== wanted);
      });
    },
  };
}

function publicPart(stored: StoredAccount): Account {
  const systemUser = stored.role === 'user' ? stored.systemUser : null;
  return { name: stored.name, role: stored.role, systemUser };
}

async function newEntry(account: NewAccount): Promise<StoredAccount> {
  const { name, role, systemUser = name, password } = account;
  requireAccountName(name);
  if (role === 'admin' && account.systemUser !== undefined) {
    throw new RefusedError('invalid', 'an admin account has no system user');
  }
  if (!isSystemUserName(systemUser)) {
    throw new RefusedError('invalid', `${JSON.stringify(systemUser)} is no name of a system user`);
  }
  requirePassword(password);
  const passwordHash = await hashPassword(password);
  return role === 'admin' ? { name, role, passwordHash } : { name, role, systemUser, passwordHash };
}

function requireKnown(accounts: readonly StoredAccount[], wanted: string): void {
  if (accounts.some((each) => each.name === wanted)) return;
  throw new RefusedError('unknown', `there is no account ${JSON.stringify(wanted)}`);
}
