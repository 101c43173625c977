import { createHash, randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { type AddressRanges, createAddressRanges, normalRange } from '../lib/address-ranges.ts';
import { RefusedError } from '../lib/refused-error.ts';
import { openJsonFile } from '../state/json-file.ts';
import type { AccountDirectory, TokenDirectory } from './account.ts';
import type { StoreOptions } from './account-store.ts';

/** What the tokens of the original consist of; 36^32 is a little more than 2^165. */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const tokenLength = 32;

/** Letters, digits, punctuation and spaces, but no space at either end, where nobody sees it. */
const printable = /^(?! )[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,64}(?<! )$/u;

/** As `normalRange` writes it. */
const range = z.string().refine((text) => normalRange(text) === text, 'is no range of addresses');

/** So many ranges a token has at most. */
const maxRanges = 32;

const storedToken = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/, 'is no id'),
  account: z.string(),
  label: z.string().nullable(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'is no SHA-256 in hexadecimal'),
  createdAt: z.iso.datetime('is no time in UTC'),
  expiresAt: z.iso.datetime('is no time in UTC').nullable(),
  // Left out where they limit nothing, so that an older version reads such files.
  readOnly: z.literal(true).optional(),
  from: z.array(range).min(1).max(maxRanges).readonly().optional(),
});
type StoredToken = z.infer<typeof storedToken>;

/** What tokens.json holds. */
const tokensFile = z.strictObject({
  version: z.literal(1, 'is not a version that this uapid knows'),
  tokens: z
    .array(storedToken)
    .refine((all) => new Set(all.map((each) => each.id)).size === all.length, 'has an id twice'),
});
export type TokensFile = z.infer<typeof tokensFile>;

/** A token as it may be shown; not its text, which nobody knows any more. */
export interface Token {
  /** What it is revoked by. */
  readonly id: string;
  readonly account: string;
  readonly label: string | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** ISO 8601, UTC; null for a token without an end. */
  readonly expiresAt: string | null;
  /** Whether it may call only what changes nothing. */
  readonly readOnly: boolean;
  /** The addresses and ranges that it may come from; empty for any. */
  readonly from: readonly string[];
}

export interface NewToken {
  readonly account: string;
  readonly label?: string | undefined;
  /** From now on; without it the token has no end. */
  readonly lifetimeMs?: number | undefined;
  readonly readOnly?: boolean | undefined;
  /** IP addresses and ranges (ADDRESS/BITS); without one it may come from anywhere. */
  readonly from?: readonly string[] | undefined;
}

/** The tokens with what changes them; a change by another process shows at the next use. */
export interface TokenStore extends TokenDirectory {
  /** The file's content of this moment: the same object while it does not change. */
  file(): TokensFile;
  /** All tokens, or an account's, by account and age; expired ones too. */
  list(account?: string): readonly Token[];
  /**
   * Makes a token; `text` is the only copy of it. Rejects with RefusedError when `accounts` has no
   * such account, or the account has a token of that label, or the label or an address will not do.
   */
  add(
    token: NewToken,
    accounts: Pick<AccountDirectory, 'find'>,
  ): Promise<{ token: Token; text: string }>;
  /** Rejects with RefusedError when there is no such token. */
  revoke(id: string): Promise<Token>;
  /** Removes every token of an account; resolves to their number. */
  removeAccount(account: string): Promise<number>;
}

export interface TokenStoreOptions extends StoreOptions {
  /** Milliseconds since 1970; the system's clock unless given. */
  readonly now?: () => number;
}

/** What answers for tokens, from wherever `read` has the file's content of this moment. */
export function createTokenDirectory(
  read: () => TokensFile,
  now: () => number = Date.now,
): TokenDirectory {
  const find = (account: string, text: string) => {
    const digest = sha256(text).toString('hex');
    return byAccountAndDigest(read()).get(`${account} ${digest}`);
  };
  return {
    verify(account, text, address) {
      const found = find(account, text);
      return found !== undefined && !hasExpired(found, now()) && mayComeFrom(found, address);
    },
    isReadOnly(account, text) {
      const found = find(account, text);
      return found === undefined || found.readOnly === true;
    },
  };
}

const ranges = new WeakMap<StoredToken, AddressRanges>();

function mayComeFrom(token: StoredToken, address: string | undefined): boolean {
  if (token.from === undefined) return true;
  const known = ranges.get(token) ?? createAddressRanges(token.from);
  ranges.set(token, known);
  return address !== undefined && known.has(address);
}

const indices = new WeakMap<TokensFile, ReadonlyMap<string, StoredToken>>();

/**
 * Made once for each state of the file. How long finding takes tells nothing that could be used: what
 * is compared are digests, which nobody can choose bit by bit.
 */
function byAccountAndDigest(file: TokensFile): ReadonlyMap<string, StoredToken> {
  const known = indices.get(file);
  if (known !== undefined) return known;
  const index = new Map(file.tokens.map((each) => [`${each.account} ${each.sha256}`, each]));
  indices.set(file, index);
  return index;
}

/**
 * The tokens in `tokens.json` of the state directory, as SHA-256: guessing at a random text of 165
 * bits is hopeless however fast the hash, so unlike passwords they need no slow one. Creates nothing
 * until the first change. Throws StateFileError when the file is damaged or unreadable.
 */
export function openTokenStore(stateDir: string, options: TokenStoreOptions = {}): TokenStore {
  const { now = Date.now, onProblem } = options;
  const file = openJsonFile<TokensFile>({
    path: join(stateDir, 'tokens.json'),
    schema: tokensFile,
    initial: { version: 1, tokens: [] },
    onProblem,
  });
  // Whatever changes the tokens changes their number.
  const update = (change: (tokens: StoredToken[]) => StoredToken[]) =>
    file.update((state) => {
      const tokens = change(state.tokens);
      return tokens.length === state.tokens.length ? state : { ...state, tokens };
    });

  return {
    ...createTokenDirectory(() => file.read(), now),
    file: file.read,

    list: (account) =>
      file
        .read()
        .tokens.filter((each) => account === undefined || each.account === account)
        .map(publicPart)
        .sort((a, b) => compare(a.account, b.account) || compare(a.createdAt, b.createdAt)),

    async add(token, accounts) {
      requireLabel(token.label);
      const text = generateToken();
      const entry = newEntry(token, text, now());
      await update((tokens) => {
        // In here, where no removal of the account can come between the look and the change.
        if (accounts.find(token.account) === undefined) {
          throw new RefusedError('unknown', `there is no account ${JSON.stringify(token.account)}`);
        }
        requireFreeLabel(tokens, entry);
        return [...tokens, entry];
      });
      return { token: publicPart(entry), text };
    },

    async revoke(id) {
      let revoked: StoredToken | undefined;
      await update((tokens) => {
        revoked = tokens.find((each) => each.id === id);
        return tokens.filter((each) => each !== revoked);
      });
      if (revoked) return publicPart(revoked);
      throw new RefusedError('unknown', `there is no token ${JSON.stringify(id)}`);
    },

    async removeAccount(account) {
      let removed = 0;
      await update((tokens) => {
        const others = tokens.filter((each) => each.account !== account);
        removed = tokens.length - others.length;
        return others;
      });
      return removed;
    },
  };
}

/** Whether a token's time is over. */
export function hasExpired({ expiresAt }: Pick<Token, 'expiresAt'>, now: number): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= now;
}

function newEntry(
  { account, label, lifetimeMs, readOnly, from = [] }: NewToken,
  text: string,
  now: number,
): StoredToken {
  const allowed = [...new Set(from.map(requireRange))];
  if (allowed.length > maxRanges) {
    throw new RefusedError('invalid', `a token has ${maxRanges} addresses and ranges at most`);
  }
  return {
    id: randomBytes(6).toString('hex'),
    account,
    label: label ?? null,
    sha256: sha256(text).toString('hex'),
    createdAt: new Date(now).toISOString(),
    expiresAt: lifetimeMs === undefined ? null : new Date(now + lifetimeMs).toISOString(),
    ...(readOnly === true ? { readOnly: true as const } : {}),
    ...(allowed.length > 0 ? { from: allowed } : {}),
  };
}

function requireRange(text: string): string {
  const range = normalRange(text);
  if (range !== null) return range;
  const what = 'is no IP address and no range (ADDRESS/BITS)';
  throw new RefusedError('invalid', `${JSON.stringify(text)} ${what}`);
}

function generateToken(): string {
  return Array.from({ length: tokenLength }, () => alphabet[randomInt(alphabet.length)]).join('');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function publicPart(stored: StoredToken): Token {
  const { id, account, label, createdAt, expiresAt, readOnly, from = [] } = stored;
  return { id, account, label, createdAt, expiresAt, readOnly: readOnly === true, from };
}

function requireLabel(label: string | undefined): void {
  if (label === undefined || printable.test(label)) return;
  throw new RefusedError(
    'invalid',
    `${JSON.stringify(label)} is no name for a token: it takes 1 to 64 printable characters`,
  );
}

function requireFreeLabel(tokens: readonly StoredToken[], { account, label }: StoredToken): void {
  if (label === null) return;
  if (!tokens.some((each) => each.account === account && each.label === label)) return;
  throw new RefusedError('exists', `${account} has a token ${JSON.stringify(label)} already`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
