import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanup } from '../../support/cleanup.ts';
import { projectRoot } from '../../support/debian-packages.ts';

export interface AptRepository {
  /** The folder with its files, as a tar archive. */
  readonly archive: Buffer;
  /** The public half of a key that has signed nothing of it. */
  readonly otherKey: Buffer;
}

/** What `npm run deb:repo` makes of packages, with a key of a gpg of its own. */
export function makeRepository(t: Cleanup, packages: readonly string[]): AptRepository {
  // Short: gpg's agent listens on a socket in it.
  const work = mkdtempSync(join(tmpdir(), 'apt-'));
  const env = { ...process.env, GNUPGHOME: join(work, 'gpg') };
  const run = (file: string, ...args: string[]) =>
    execFileSync(file, args, {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
    });
  mkdirSync(env.GNUPGHOME, { mode: 0o700 });
  t.after(() => {
    run('gpgconf', '--kill', 'all');
    rmSync(work, { recursive: true });
  });
  const keys = ['packages@hoster.example', 'other@hoster.example'];
  for (const key of keys) {
    const generate = ['--quick-generate-key', key, 'ed25519', 'sign', 'never'];
    run('gpg', '--batch', '--passphrase', '', ...generate);
  }
  const [own = '', other = ''] = keys;
  const folder = join(work, 'repository');
  run(join(projectRoot(), 'packaging/debian/repository'), folder, own, ...packages);
  const archive = run('tar', '-cf', '-', '-C', folder, '.');
  return { archive, otherKey: run('gpg', '--batch', '--export', other) };
}
