import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackPackages } from './debian-packages.ts';
import { sandboxFolder } from './users.ts';

/** A system user of the sandbox with a line of shadow(5) of its own. */
export interface ShadowUser {
  readonly name: string;
  readonly uid: number;
  readonly password: string;
  /** What stands before the hash; "!" locks the password (usermod(8)). */
  readonly lock?: string;
  /** Fields behind the hash; a password of 2022 that is never old unless given. */
  readonly ages?: string;
  readonly shell?: string;
}

/** Debian's pwauth, unpacked. */
export function pwauthFolder(): Promise<string> {
  return unpackPackages('pwauth', ['pwauth']);
}

/**
 * Puts Debian's pwauth and its PAM service into the sandbox, and the service's further lines behind them.
 * Resolves to the program. PAM itself is the system's.
 */
export async function installPwauth(lines: readonly string[] = []): Promise<string> {
  const root = await pwauthFolder();
  const folder = join(sandboxFolder, 'sbin');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const path = join(folder, 'pwauth');
  copyFileSync(join(root, 'usr/sbin/pwauth'), path);
  // Without its set-user-ID bit: root starts it.
  chmodSync(path, 0o755);
  const service = readFileSync(join(root, 'etc/pam.d/pwauth'), 'utf8');
  writeFileSync('/etc/pam.d/pwauth', `${service}${lines.join('\n')}\n`);
  return path;
}

/** Adds system users to the sandbox's /etc. */
export function addShadowUsers(users: readonly ShadowUser[]): void {
  const hashes = execFileSync('openssl', ['passwd', '-6', '-stdin'], {
    input: users.map(({ password }) => `${password}\n`).join(''),
    encoding: 'utf8',
  }).split('\n');
  append(
    'passwd',
    users.map(({ name, uid, shell = '/bin/sh' }) => `${name}:x:${uid}:${uid}::/nowhere:${shell}`),
  );
  append(
    'shadow',
    users.map(
      ({ name, lock = '', ages = '19000:0:99999:7:::' }, index) =>
        `${name}:${lock}${hashes[index]}:${ages}`,
    ),
  );
}

/** Gives a user of the sandbox another password, as passwd(1) would. */
export function changePassword(name: string, password: string): void {
  const input = `${password}\n`;
  const [hash] = execFileSync('openssl', ['passwd', '-6', '-stdin'], { input, encoding: 'utf8' })
    .trim()
    .split('\n');
  const lines = readFileSync('/etc/shadow', 'utf8').split('\n');
  const changed = lines.map((line) =>
    line.startsWith(`${name}:`) ? line.replace(/:[^:]*/, () => `:${hash}`) : line,
  );
  writeFileSync('/etc/shadow', changed.join('\n'));
}

function append(file: string, lines: readonly string[]): void {
  const before = readFileSync(`/etc/${file}`, 'utf8').trimEnd();
  writeFileSync(`/etc/${file}`, `${before}\n${lines.join('\n')}\n`);
}
