import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The programs of pure-ftpd, by absolute path. */
export interface PureFtpdPrograms {
  readonly pureFtpd: string;
  readonly purePw: string;
  readonly pureFtpwho: string;
  /** What they need in their environment: LD_LIBRARY_PATH when unpacked, nothing when installed. */
  readonly env: Readonly<Record<string, string>>;
}

/** libsodium23 comes along because the unpacked programs need it and few systems have it. */
const packages = ['pure-ftpd', 'pure-ftpd-common', 'libsodium23'];

/**
 * The system's pure-ftpd, or, where none is installed, the distribution's package unpacked into
 * `.cache/daemons` of this project (fetched once, without installing it). The fetch runs as root,
 * so the programs are root's, as uapid demands of a daemon. Rejects saying what to install.
 */
export async function pureFtpdPrograms(): Promise<PureFtpdPrograms> {
  const { PATH } = process.env;
  const installed = programsIn(['/usr/sbin', '/usr/bin', ...(PATH ?? '').split(delimiter)]);
  if (installed !== undefined) {
    return { ...installed, env: {} };
  }
  const cache = join(projectRoot(), '.cache', 'daemons');
  const root = join(cache, 'pure-ftpd');
  if (!existsSync(root)) {
    await fetchInto(cache, root);
  }
  const unpacked = programsIn([join(root, 'usr/sbin'), join(root, 'usr/bin')]);
  if (unpacked === undefined || statSync(unpacked.pureFtpd).uid !== 0) {
    throw new Error(`No pure-ftpd of root's in ${root}: remove that folder and try again as root`);
  }
  return { ...unpacked, env: { LD_LIBRARY_PATH: libraries(root) } };
}

function programsIn(folders: readonly string[]): Omit<PureFtpdPrograms, 'env'> | undefined {
  const find = (name: string) => folders.map((folder) => join(folder, name)).find(existsSync);
  const [pureFtpd, purePw, pureFtpwho] = ['pure-ftpd', 'pure-pw', 'pure-ftpwho'].map(find);
  return pureFtpd && purePw && pureFtpwho ? { pureFtpd, purePw, pureFtpwho } : undefined;
}

/** Unpacks beside the goal and renames: two fetches at once do each other no harm. */
async function fetchInto(cache: string, root: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'fetch-'));
  try {
    await download(work);
    for (const file of (await readdir(work)).filter((name) => name.endsWith('.deb'))) {
      await run('dpkg', ['-x', join(work, file), join(work, 'root')]);
    }
    await rename(join(work, 'root'), root).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') {
        throw error;
      }
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.trim() : String(cause);
    throw new Error(
      `No pure-ftpd is installed and its package could not be unpacked: install it with ` +
        `\`apt-get install pure-ftpd\` (or the system's own way). ${reason}`,
      { cause },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** A machine whose package lists were never fetched knows no package: then they are, once. */
async function download(work: string): Promise<void> {
  const fetch = () => run('apt-get', ['--quiet', 'download', ...packages], { cwd: work });
  try {
    await fetch();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw error;
    }
    await run('apt-get', ['--quiet', 'update']);
    await fetch();
  }
}

/** Debian keeps libraries in a folder named after the machine: usr/lib/x86_64-linux-gnu. */
function libraries(root: string): string {
  const folder = join(root, 'usr/lib');
  const machine = readdirSync(folder).find((name) =>
    existsSync(join(folder, name, 'libsodium.so.23')),
  );
  if (machine === undefined) {
    throw new Error(`No libsodium.so.23 below ${folder}: remove ${root} and try again`);
  }
  return join(folder, machine);
}

/** Where package.json is: above this file, or above the working directory when built elsewhere. */
function projectRoot(): string {
  const starts = [dirname(fileURLToPath(import.meta.url)), process.cwd()];
  const root = starts
    .flatMap(withParents)
    .find((folder) => existsSync(join(folder, 'package.json')));
  if (root === undefined) {
    throw new Error('No package.json above the test support');
  }
  return root;
}

function withParents(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...withParents(parent)];
}
