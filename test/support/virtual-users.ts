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
  /** True for pure-pw's own argon2id hash, which makes a login last seconds. */
  readonly slowLogin?: boolean;
}

/**
 * Makes a puredb of these users in `folder` and returns its path. The password file's format is
 * pure-pw(8)'s; all but slow logins get a crypt(3) hash there, which pure-ftpd checks at once.
 */
export function writePureDb(
  programs: PureFtpdPrograms,
  folder: string,
  users: readonly VirtualUser[],
): string {
  const passwords = join(folder, 'virtual.passwd');
  const database = join(folder, 'virtual.pdb');
  const purePw = (args: readonly string[], input: string) =>
    execFileSync(programs.purePw, [...args, '-f', passwords], {
      input,
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { ...process.env, ...programs.env },
    });
  writeFileSync(passwords, '', { mode: 0o600 });
  for (const { name, nameBytes, password, owner, home = owner.home, slowLogin = false } of users) {
    if (slowLogin) {
      const ids = ['-u', `${owner.uid}`, '-g', `${owner.gid}`];
      purePw(['useradd', name, ...ids, '-d', home], `${password}\n${password}\n`);
    } else {
      const ids = `${owner.uid}:${owner.gid}`;
      const rest = `:${cryptHash(password)}:${ids}::${home}/./::::::::::::\n`;
      appendFileSync(passwords, Buffer.concat([Buffer.from(nameBytes ?? name), Buffer.from(rest)]));
    }
  }
  purePw(['mkdb', database], '');
  return database;
}

/** The hash of crypt(3), SHA-512, that a password file takes. */
export function cryptHash(password: string): string {
  const args = ['passwd', '-6', '-stdin'];
  return execFileSync('openssl', args, { input: `${password}\n`, encoding: 'utf8' }).trim();
}
