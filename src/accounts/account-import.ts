import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { RefusedError } from '../lib/refused-error.ts';
import type { Account } from './account.ts';
import {
  changed,
  entryWith,
  hashOf,
  isOfHash,
  type NewCredential,
  requireCredential,
} from './account-entry.ts';
import { maxFtpLogins, publicPart, type StoredAccount } from './accounts-file.ts';
import { requireNothingOwned, requireOwner } from './ownership.ts';

/** An account as a file has it that is imported: what it is to be. What is left out stays as it is. */
export const importedAccount = z.strictObject({
  name: z.string().describe('1 to 128 letters, digits and . _ - @ +'),
  role: z
    .enum(['user', 'reseller', 'admin'])
    .optional()
    .describe('of a new account without it: user'),
  systemUser: z
    .string()
    .optional()
    .describe('not for an admin; of a new account without it and without ftpLogins: the name'),
  ftpLogins: z
    .array(z.string())
    .min(1)
    .max(maxFtpLogins)
    .optional()
    .describe('in place of a system user: whole FTP logins, or * and what some end in'),
  owner: z.string().nullable().optional().describe('of a user, a reseller; null for none'),
  password: z.string().optional().describe('a new account has this one or the hash'),
  passwordHash: z
    .string()
    .optional()
    .describe('in place of a password: argon2id, bcrypt or sha512-crypt'),
});
export type ImportedAccount = z.infer<typeof importedAccount>;

/** What became of an account, or would have. */
export interface Imported {
  readonly account: Account;
  readonly became: 'added' | 'changed' | 'unchanged';
  /** False when only its password is another. */
  readonly isOther: boolean;
  /** False when the password was its own already, or none was given. */
  readonly hasNewPassword: boolean;
}

/** Why one of the accounts cannot be imported. */
export interface ImportFault {
  /** Of the account in the list, from 0. */
  readonly index: number;
  /** Null where it has none. */
  readonly account: string | null;
  readonly fault: string;
}

/** Nothing was imported. */
export class ImportError extends RefusedError {
  readonly faults: readonly ImportFault[];

  constructor(faults: readonly ImportFault[]) {
    const count = faults.length === 1 ? '1 account' : `${faults.length} accounts`;
    super('invalid', `nothing was imported: ${count} will not do`);
    this.faults = faults;
  }
}

/** Reads the list of accounts that was in a file. Throws ImportError with all that is wrong. */
export function readImported(value: readonly unknown[]): ImportedAccount[] {
  const faults: ImportFault[] = [];
  const seen = new Set<string>();
  const accounts = value.flatMap((each, index) => {
    const { success, data, error } = importedAccount.safeParse(each);
    const fault = success ? faultOf(data, seen) : firstIssue(error);
    if (fault !== null) faults.push({ index, account: nameOf(each), fault });
    if (success) seen.add(data.name);
    return success ? [data] : [];
  });
  if (faults.length > 0) throw new ImportError(faults);
  return accounts;
}

/** What is wrong with an account beside all that came before it. */
function faultOf({ name, ...account }: ImportedAccount, seen: ReadonlySet<string>): string | null {
  if (seen.has(name)) return 'the name stands there twice';
  if (account.password === undefined || account.passwordHash === undefined) return null;
  return 'it has a password and a hash';
}

/** Never with the value, which may be a password. */
function firstIssue({ issues }: z.ZodError): string {
  const [issue] = issues;
  if (issue?.code === 'unrecognized_keys')
    return `it has the unknown key ${JSON.stringify(issue.keys[0])}`;
  const where = issue?.path.join('.') ?? '';
  return `${where === '' ? 'it' : where} will not do: ${issue?.message ?? 'it is no account'}`;
}

function nameOf(value: unknown): string | null {
  const name = (value as { readonly name?: unknown } | null)?.name;
  return typeof name === 'string' ? name : null;
}

/**
 * The hash that each of them is to have, from its password; undefined where it is its own already, or
 * none is given. Rejects with ImportError for passwords and hashes that will not do.
 */
export async function importedHashes(
  before: readonly StoredAccount[],
  wanted: readonly ImportedAccount[],
): Promise<(string | undefined)[]> {
  const credentials = collectFaults(wanted, (each) => {
    const credential = credentialOf(each);
    if (credential !== undefined) requireCredential(credential);
    return credential;
  });
  const known = new Map(before.map((each) => [each.name, each.passwordHash]));
  return Promise.all(
    wanted.map(async ({ name }, index) => {
      const credential = credentials[index];
      if (credential === undefined) return undefined;
      const own = known.get(name);
      return own !== undefined && (await isOfHash(own, credential))
        ? undefined
        : hashOf(credential);
    }),
  );
}

function credentialOf({ password, passwordHash }: ImportedAccount): NewCredential | undefined {
  if (password !== undefined) return { password };
  return passwordHash === undefined ? undefined : { passwordHash };
}

/** The accounts with those that are imported, and what became of each. Throws ImportError. */
export function withImported(
  before: readonly StoredAccount[],
  wanted: readonly ImportedAccount[],
  hashes: readonly (string | undefined)[],
): { readonly accounts: readonly StoredAccount[]; readonly imported: readonly Imported[] } {
  const known = new Map(before.map((each) => [each.name, each]));
  const made = collectFaults(wanted, (each, index) =>
    entryOfImported(each, known.get(each.name), hashes[index]),
  );
  const all = new Map([...known, ...made.map((each) => [each.name, each] as const)]);
  const accounts = [...all.values()];
  collectFaults(made, (entry) => {
    if (entry.role === 'user') requireOwner(accounts, entry.owner);
    if (entry.role !== 'reseller') requireNothingOwned(accounts, entry.name);
  });
  const imported = made.map((entry, index) =>
    outcomeOf(known.get(entry.name), entry, hashes[index] !== undefined),
  );
  return { accounts, imported };
}

function entryOfImported(
  { name, password: _password, passwordHash: _hash, ...given }: ImportedAccount,
  before: StoredAccount | undefined,
  renewedHash: string | undefined,
): StoredAccount {
  if (before !== undefined) return changed(before, given, renewedHash ?? before.passwordHash);
  if (renewedHash === undefined) {
    throw new RefusedError('invalid', 'it is new, and has no password and no hash of one');
  }
  const { role = 'user', owner, ...standing } = given;
  return entryWith({ name, role, owner: owner ?? undefined, ...standing }, renewedHash);
}

function outcomeOf(
  before: StoredAccount | undefined,
  after: StoredAccount,
  hasNewPassword: boolean,
): Imported {
  const account = publicPart(after);
  if (before === undefined) return { account, became: 'added', isOther: true, hasNewPassword };
  const isOther = !isDeepStrictEqual(account, publicPart(before));
  return {
    account,
    became: isOther || hasNewPassword ? 'changed' : 'unchanged',
    isOther,
    hasNewPassword,
  };
}

/** What each gives; throws ImportError with all that RefusedError was thrown for. */
function collectFaults<Each extends { readonly name: string }, T>(
  list: readonly Each[],
  make: (each: Each, index: number) => T,
): T[] {
  const faults: ImportFault[] = [];
  const made = list.flatMap((each, index) => {
    try {
      return [make(each, index)];
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      faults.push({ index, account: each.name, fault: error.message });
      return [];
    }
  });
  if (faults.length > 0) throw new ImportError(faults);
  return made;
}
