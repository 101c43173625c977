import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync, parseOptions } from '@node-rs/argon2';
import { allFeatures } from '../../src/accounts/accounts-file.ts';
import { dummyHash } from '../../src/accounts/password-hash.ts';
import { keepLastCopy } from '../../src/state/last-copy.ts';

/** What a new account's password costs. */
const hashing = parseOptions(dummyHash);

/** An account as `addAccount` writes it; the role is "user" unless given. */
export interface TestAccount {
  readonly role?: 'user' | 'reseller' | 'admin';
  /** The account's own name unless given; not for administrators. */
  readonly systemUser?: string;
  /** In place of a system user. */
  readonly ftpLogins?: readonly string[];
  readonly owner?: string;
}

/**
 * Writes an account into a state directory, as `uapid account add` would, whose own tests hold that.
 * Without a process and without a lock: nothing else may change the accounts meanwhile.
 */
export function addAccount(
  stateDir: string,
  name: string,
  password: string,
  { role = 'user', systemUser = name, ftpLogins = [], owner }: TestAccount = {},
): void {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const path = join(stateDir, 'accounts.json');
  const file: { accounts: object[] } = existsSync(path)
    ? JSON.parse(readFileSync(path, 'utf8'))
    : { version: 1, accounts: [] };
  const user = ftpLogins.length > 0 ? { systemUser: null, ftpLogins } : { systemUser };
  const customer = role === 'admin' ? {} : { ...user, features: allFeatures };
  const owned = role === 'user' ? { owner: owner ?? null } : {};
  file.accounts.push({
    name,
    role,
    ...customer,
    ...owned,
    passwordHash: hashSync(password, hashing),
  });
  // Renamed, as every change of it is: a server reads it when it is another file.
  writeFileSync(`${path}.new`, JSON.stringify(file), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  keepLastCopy(path);
}
