import { createHmac } from 'node:crypto';
import type { Account, AccountDirectory } from './account.ts';
import { type AccountsFile, publicPart, type StoredAccount } from './accounts-file.ts';
import { dummyHash, verifyPassword } from './password-hash.ts';

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
      const matches = await verifyPassword(known ?? standIn(read(), wanted), password);
      return matches && known !== undefined;
    },
  };
}

/**
 * The hash that a guess at a name of nobody is held against, in vain: that of some account, the same for
 * the same name. Hashes of others cost more or less than ours, and a single cost for all who are not
 * there would tell who is.
 */
export function standIn({ accounts }: AccountsFile, name: string): string {
  const [first] = accounts;
  if (first === undefined) return dummyHash;
  // Nobody who may not read the file knows that key.
  const digest = createHmac('sha256', first.passwordHash).update(name).digest();
  const place = Math.floor((digest.readUInt32BE(0) / 2 ** 32) * accounts.length);
  return accounts[place]?.passwordHash ?? dummyHash;
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
