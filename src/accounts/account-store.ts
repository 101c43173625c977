import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { RefusedError } from '../lib/refused-error.ts';
import { openJsonFile } from '../state/json-file.ts';
import type { Account, AccountDirectory, Feature, Placement } from './account.ts';
import { createAccountDirectory } from './account-directory.ts';
import {
  type AccountChanges,
  changed,
  hashOf,
  isOfHash,
  type NewAccount,
  type NewCredential,
  newEntry,
  requireCredential,
  withFeature,
} from './account-entry.ts';
import {
  type Imported,
  type ImportedAccount,
  importedHashes,
  withImported,
} from './account-import.ts';
import {
  type AccountsFile,
  accountsFile,
  publicPart,
  type StoredAccount,
} from './accounts-file.ts';
import { requireNothingOwned, requireOwner } from './ownership.ts';
import { requirePassword } from './password.ts';
import { hashPassword } from './password-hash.ts';
import { placed } from './placements.ts';

export interface StoreOptions {
  /** Told once per change of the file that could not be taken over. */
  readonly onProblem?: (message: string) => void;
}

/** What became of an account that was to be changed. */
export interface Changed {
  readonly account: Account;
  /** False when it was so already. */
  readonly isOther: boolean;
  /** False when the password was its own already, or none was given. */
  readonly hasNewPassword: boolean;
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
  /**
   * Changes what an account is, and its password when one or its hash is given, in one write. One that is no
   * admin's any more has the system user of its name unless told otherwise. Rejects with RefusedError
   * as `add` does, and when a reseller owns accounts that would be nobody's then.
   */
  change(name: string, changes: AccountChanges, credential?: NewCredential): Promise<Changed>;
  /**
   * Adds and changes many at once, each as `add` and `change` would, in one write. Rejects with
   * ImportError, and then nothing has changed.
   */
  import(wanted: readonly ImportedAccount[]): Promise<readonly Imported[]>;
  /** Rejects with RefusedError when there is no such account or the password will not do. */
  setPassword(name: string, password: string): Promise<void>;
  /** Rejects with RefusedError when there is no such account, or it is an administrator's. */
  setFeature(name: string, feature: Feature, has: boolean): Promise<void>;
  /**
   * Says on which hosts of a fleet accounts are, all of them in one write; none is nowhere. Rejects with
   * RefusedError, and then nothing has changed, when there is no such account, it is an
   * administrator's, or a placement will not do.
   */
  place(wanted: ReadonlyMap<string, readonly Placement[]>): Promise<void>;
  /** Rejects with RefusedError when there is no such account, or it is a reseller that owns some. */
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
  const update = (change: (accounts: StoredAccount[]) => StoredAccount[]) =>
    file.update((state) => {
      const accounts = change(state.accounts);
      return accounts === state.accounts ? state : { ...state, accounts };
    });

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
        requireOwner(accounts, account.owner);
        return [...accounts, entry];
      });
      return publicPart(entry);
    },

    async change(wanted, changes, credential) {
      let renewed: string | undefined;
      if (credential !== undefined) {
        requireCredential(credential);
        const known = requireKnown(stored(), wanted).passwordHash;
        if (!(await isOfHash(known, credential))) renewed = await hashOf(credential);
      }
      let isOther = false;
      await update((accounts) => {
        const before = requireKnown(accounts, wanted);
        const after = changed(before, changes, renewed ?? before.passwordHash);
        isOther = !isDeepStrictEqual(publicPart(after), publicPart(before));
        if (!isOther && renewed === undefined) return accounts;
        const all = accounts.map((each) => (each === before ? after : each));
        if (after.role === 'user') requireOwner(all, after.owner);
        if (after.role !== 'reseller') requireNothingOwned(all, wanted);
        return all;
      });
      const account = publicPart(requireKnown(stored(), wanted));
      return { account, isOther, hasNewPassword: renewed !== undefined };
    },

    async import(wanted) {
      const hashes = await importedHashes(stored(), wanted);
      let imported: readonly Imported[] = [];
      await update((accounts) => {
        const made = withImported(accounts, wanted, hashes);
        imported = made.imported;
        const isChanged = imported.some(({ became }) => became !== 'unchanged');
        return isChanged ? [...made.accounts] : accounts;
      });
      return imported;
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

    async place(wanted) {
      await update((accounts) => {
        for (const name of wanted.keys()) requireKnown(accounts, name);
        return accounts.map((each) => {
          const placements = wanted.get(each.name);
          return placements === undefined ? each : placed(each, placements);
        });
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

function requireKnown(accounts: readonly StoredAccount[], wanted: string): StoredAccount {
  const found = accounts.find((each) => each.name === wanted);
  if (found !== undefined) return found;
  throw new RefusedError('unknown', `there is no account ${JSON.stringify(wanted)}`);
}
