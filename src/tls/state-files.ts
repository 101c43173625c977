import {
  constants,
  existsSync,
  lchownSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { RefusedError } from '../lib/refused-error.ts';
import { fileVersion } from '../state/file-version.ts';
import { withLock } from '../state/lock.ts';
import { explainWriting } from '../state/state-file-error.ts';
import { syncDirectoryOf, writeDurably } from '../state/write-durably.ts';
import { type KeyPair, KeyPairError, type KeyPairNames, type KeyPairSource } from './key-pair.ts';
import { type KeyPairReports, openKeyPairFiles } from './key-pair-files.ts';

/** Where the state directory holds the pair that is used when the settings name none. */
export function stateKeyPairPaths(stateDir: string): KeyPairNames {
  const directory = join(stateDir, 'tls');
  return { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
}

/**
 * The pair that the settings name, else the state directory's. Throws KeyPairError, with the way
 * out of it, when there is none or it cannot be used.
 */
export function openConfiguredKeyPair(
  { tls, stateDir }: { readonly tls: KeyPairNames | null; readonly stateDir: string },
  reports: KeyPairReports = {},
): KeyPairSource {
  const paths = tls ?? stateKeyPairPaths(stateDir);
  if (tls === null && fileVersion(paths.cert) === 'absent') {
    throw new KeyPairError(
      `https needs a certificate and ${paths.cert} does not exist: make one with ` +
        '`uapid tls self-signed`, or name one with --tls-cert and --tls-key',
    );
  }
  return openKeyPairFiles(paths, reports);
}

/**
 * Keeps a pair in the state directory: the key (0600) first, so that a certificate (0644) is never
 * there without one. Creates the directories (0700). Rejects with RefusedError when there is a pair
 * already and it is not to be replaced, and with StateFileError when the pair cannot be written, which
 * leaves a present one as it is.
 */
export async function writeStateKeyPair(
  stateDir: string,
  pair: KeyPair,
  { replace }: { readonly replace: boolean },
): Promise<KeyPairNames> {
  const paths = stateKeyPairPaths(stateDir);
  await explainWriting(paths.key, async () => {
    await withLock(join(makeDirectory(stateDir), 'lock'), async () => {
      const present = [paths.cert, paths.key].find((path) => existsSync(path));
      if (present !== undefined && !replace) {
        throw new RefusedError('exists', `${present} exists already; --force replaces it`);
      }
      await writePair(paths, pair);
    });
  });
  return paths;
}

/** Both are on the disk before either takes its name, as half of a new pair fits no old half. */
async function writePair(paths: KeyPairNames, pair: KeyPair): Promise<void> {
  const drafts = { cert: `${paths.cert}.new`, key: `${paths.key}.new` };
  try {
    await writeDurably(drafts.key, pair.key, paths.key);
    await writeDurably(drafts.cert, pair.cert, paths.cert);
    await letAllRead(drafts.cert);
    renameSync(drafts.key, paths.key);
    renameSync(drafts.cert, paths.cert);
    await syncDirectoryOf(paths.cert);
  } catch (error) {
    for (const draft of [drafts.key, drafts.cert]) rmSync(draft, { force: true, recursive: true });
    throw error;
  }
}

/** As with the files, a directory that root makes belongs to whom the state directory belongs to. */
function makeDirectory(stateDir: string): string {
  const directory = join(stateDir, 'tls');
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const made = mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (made !== undefined && process.geteuid?.() === 0) {
    const { uid, gid } = statSync(stateDir);
    lchownSync(directory, uid, gid);
  }
  return directory;
}

/** Through a descriptor that follows no link: the directory's owner may be less than who runs this. */
async function letAllRead(path: string): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await file.chmod(0o644);
    await file.sync();
  } finally {
    await file.close();
  }
}
