import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PureFtpdPrograms } from './daemons.ts';
import type { TestUser } from './users.ts';

/** A user that pure-ftpd alone knows; its sessions run under the uid of `owner`. */
export interface VirtualUser {
  readonly name: string;
  /** The name in the daemon's own file where that is no UTF-8. */
  readonly nameBytes?: Uint8Array;
  readonly password: string;
  readonly owner: TestUser;
  /** The owner's home unless given. */
  readonly home?: string;
  /** The password's hash of crypt(3), where it is not to be one that is checked at once. */
  readonly hash?: string;
}

/**
 * Makes a puredb of these users in `folder` and returns its path. The password file's format is
 * pure-pw(8)'s; users get a crypt(3) hash there, which pure-ftpd checks at once.
 */
export function writePureDb(
  programs: PureFtpdPrograms,
  folder: string,
  users: readonly VirtualUser[],
): string {
  const passwords = join(folder, 'virtual.passwd');
  const database = join(folder, 'virtual.pdb');
  writeFileSync(passwords, '', { mode: 0o600 });
  for (const { name, nameBytes, password, owner, home = owner.home, hash } of users) {
    const ids = `${owner.uid}:${owner.gid}`;
    const rest = `:${hash ?? cryptHash(password)}:${ids}::${home}/./::::::::::::\n`;
    appendFileSync(passwords, Buffer.concat([Buffer.from(nameBytes ?? name), Buffer.from(rest)]));
  }
  execFileSync(programs.purePw, ['mkdb', database, '-f', passwords], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...programs.env },
  });
  return database;
}

/** The hash of crypt(3), SHA-512, that a password file takes. */
export function cryptHash(password: string): string {
  const args = ['passwd', '-6', '-stdin'];
  return execFileSync('openssl', args, { input: `${password}\n`, encoding: 'utf8' }).trim();
}
