import { createTurns } from '../lib/turns.ts';
import type { Account, AccountDirectory, TokenDirectory } from './account.ts';
import { allFeatures } from './accounts-file.ts';
import type { SystemAccount } from './system-accounts.ts';

/** Where passwords are checked. */
export type AccountsFrom = 'file' | 'system' | 'both';

/**
 * When a wrong password is answered, in ms from the beginning of the check. One of a system user takes PAM
 * two seconds, one of an account of the file some hundredths, and one of nobody nothing: all are answered
 * at the same moment, which the check of no helper outlasts (`helperLimitMs`), and which comes before a
 * stranger's body is late (`strangersMs` in src/http/listeners.ts).
 */
export const refusalMs = 4_500;

export interface SystemDirectoryOptions {
  readonly accountsFrom: AccountsFrom;
  readonly systemAccounts: () => readonly SystemAccount[];
  /** Whether it is the system user's password, as PAM says; false where that cannot be told. */
  readonly verify: (name: string, password: string) => Promise<boolean>;
  readonly refusalMs?: number;
}

/**
 * The accounts of the file, and the system users that are accounts without having been added. Of one name
 * the file's counts; with `accountsFrom` of system none of the file does. Where passwords come from the
 * file alone, system users have none: others act for them.
 */
export function withSystemAccounts(
  file: AccountDirectory,
  { accountsFrom, systemAccounts, verify, refusalMs: until = refusalMs }: SystemDirectoryOptions,
): AccountDirectory {
  const own = accountsFrom === 'system' ? noAccounts : file;
  const turns = createTurns(1_000);
  const isReseller = (name: string) => own.find(name)?.role === 'reseller';
  const toAccount = ({ name, owner }: SystemAccount): Account => ({
    name,
    role: 'user',
    systemUser: name,
    ftpLogins: [],
    owner: owner !== null && isReseller(owner) ? owner : null,
    features: allFeatures,
  });
  const named = (name: string) => byName(systemAccounts()).get(name);
  const added = () => systemAccounts().filter(({ name }) => own.find(name) === undefined);

  async function isRight(name: string, password: string): Promise<boolean> {
    if (own.find(name) === undefined) {
      return named(name) !== undefined && verify(name, password);
    }
    // One at a time: so many wait for PAM at once that hashes would take every thread.
    return (await turns.take('hash', () => own.verify(name, password))) ?? false;
  }

  return {
    find(name) {
      const found = own.find(name);
      if (found !== undefined) return found;
      const system = named(name);
      return system && toAccount(system);
    },

    list: () =>
      [...own.list(), ...added().map(toAccount)].sort((a, b) => (a.name < b.name ? -1 : 1)),

    ownedBy: (reseller) => {
      const others = isReseller(reseller) ? added().filter(({ owner }) => owner === reseller) : [];
      return [...own.ownedBy(reseller), ...others.map(toAccount)];
    },

    generation: (name) => own.generation(name) ?? named(name)?.generation,

    async verify(name, password, postpone) {
      if (accountsFrom === 'file') return own.verify(name, password);
      const refusal = startTimer(until);
      const isIn = await isRight(name, password).catch(() => false);
      if (isIn) refusal.cancel();
      else if (postpone === undefined) await refusal.isOver;
      else postpone(refusal.isOver);
      return isIn;
    },
  };
}

/** Begins before the check does, so that it is over at the same moment for everybody. */
function startTimer(ms: number) {
  let cancel = () => {};
  const isOver = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    cancel = () => clearTimeout(timer);
  });
  return { isOver, cancel };
}

/** Tokens of accounts that the file has; a system user that was not added has none. */
export function tokensOf(
  tokens: TokenDirectory,
  file: Pick<AccountDirectory, 'find'>,
  accountsFrom: AccountsFrom,
): TokenDirectory {
  const isOfFile = (name: string) => accountsFrom !== 'system' && file.find(name) !== undefined;
  return {
    verify: (account, token, address) =>
      isOfFile(account) && tokens.verify(account, token, address),
    isReadOnly: (account, token) => !isOfFile(account) || tokens.isReadOnly(account, token),
  };
}

const noAccounts: AccountDirectory = {
  find: () => undefined,
  list: () => [],
  ownedBy: () => [],
  generation: () => undefined,
  verify: async () => false,
};

const indices = new WeakMap<readonly SystemAccount[], ReadonlyMap<string, SystemAccount>>();

/** Made once for each list: every request asks for its account more than once. */
function byName(accounts: readonly SystemAccount[]): ReadonlyMap<string, SystemAccount> {
  const known = indices.get(accounts);
  if (known !== undefined) return known;
  const index = new Map(accounts.map((each) => [each.name, each]));
  indices.set(accounts, index);
  return index;
}
