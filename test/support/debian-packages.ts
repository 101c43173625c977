import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Aborted by a signal that would end this process, while packages are fetched. */
let interruption: AbortController | undefined;

function run(file: string, args: readonly string[], options: { cwd?: string } = {}) {
  const { signal } = interruption ?? {};
  return execute(file, args, signal === undefined ? options : { ...options, signal });
}

export interface UnpackOptions {
  /** Also what the packages need and the system has not. */
  readonly withDependencies?: boolean;
  /** The folder of another Debian, whose package lists count in place of this system's. */
  readonly debian?: string;
  /** A line of sources.list(5) that counts in place of those of that Debian. */
  readonly source?: string;
}

/**
 * The folder `.cache/NAME` of this project with the distribution's packages unpacked in it, fetched
 * the first time and never installed. Rejects saying what to install where that is not possible. A
 * signal that ends this process meanwhile leaves no half of it behind.
 */
export async function unpackPackages(
  name: string,
  packages: readonly string[],
  options: UnpackOptions = {},
): Promise<string> {
  const root = join(projectRoot(), '.cache', name);
  if (existsSync(root)) return root;
  await mkdir(dirname(root), { recursive: true });
  // Beside the goal, and renamed: two fetches at once do each other no harm.
  const work = await mkdtemp(join(dirname(root), 'fetch-'));
  const interrupted = abortOnSignal();
  try {
    await download(work, packages, options);
    for (const file of (await readdir(work)).filter((entry) => entry.endsWith('.deb'))) {
      await run('dpkg', ['-x', join(work, file), join(work, 'root')]);
    }
    await rename(join(work, 'root'), root).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    return root;
  } catch (cause) {
    if (interrupted.signal.aborted) {
      throw new Error(`The fetch of ${packages[0]} was interrupted`, { cause });
    }
    const reason = cause instanceof Error ? cause.message.trim() : String(cause);
    throw new Error(
      `${packages[0]} is not installed and its package could not be unpacked: install it with ` +
        `\`apt-get install ${packages[0]}\` (or the system's own way). ${reason}`,
      { cause },
    );
  } finally {
    interrupted.release();
    await rm(work, { recursive: true, force: true });
  }
}

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Lets signals end what is run for a fetch in place of this process, which then has to clean up. */
function abortOnSignal() {
  const controller = new AbortController();
  interruption = controller;
  const abort = () => controller.abort();
  for (const signal of endingSignals) process.on(signal, abort);
  return {
    signal: controller.signal,
    release() {
      for (const signal of endingSignals) process.off(signal, abort);
      interruption = undefined;
    },
  };
}

/** A machine whose package lists were never fetched knows no package: then they are, once. */
async function download(
  work: string,
  packages: readonly string[],
  { withDependencies = false, debian, source }: UnpackOptions,
): Promise<void> {
  if (debian !== undefined) return fetchOf(debian, source, work, packages);
  const fetch = withDependencies ? fetchAll : fetchAlone;
  try {
    await fetch(work, packages);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    await run('apt-get', ['--quiet', 'update']);
    await fetch(work, packages);
  }
}

async function fetchAlone(work: string, packages: readonly string[]): Promise<void> {
  await run('apt-get', ['--quiet', 'download', ...packages], { cwd: work });
}

/** Of another Debian's release, whose folder stays as it is, and has no lists of packages. */
async function fetchOf(
  debian: string,
  source: string | undefined,
  work: string,
  packages: readonly string[],
): Promise<void> {
  const lists = join(work, 'lists');
  await mkdir(join(lists, 'partial'), { recursive: true });
  const sources = join(work, 'sources.list');
  if (source !== undefined) await writeFile(sources, `${source}\n`);
  const settings = [
    `Dir=${debian}`,
    `Dir::State::lists=${lists}/`,
    'Dir::Cache::pkgcache=',
    'Dir::Cache::srcpkgcache=',
    'Acquire::Languages=none',
    'Debug::NoLocking=1',
    ...(source === undefined
      ? []
      : [`Dir::Etc::sourcelist=${sources}`, 'Dir::Etc::sourceparts=/dev/null']),
  ];
  const options = settings.flatMap((setting) => ['-o', setting]);
  await run('apt-get', ['--quiet', ...options, 'update']);
  await run('apt-get', ['--quiet', ...options, 'download', ...packages], { cwd: work });
}

async function fetchAll(work: string, packages: readonly string[]): Promise<void> {
  await mkdir(join(work, 'partial'), { recursive: true });
  const options = ['-o', `Dir::Cache::archives=${work}/`, '-o', 'Debug::NoLocking=1'];
  const args = ['install', '--yes', '--no-install-recommends', '--download-only', '--no-upgrade'];
  await run('apt-get', ['--quiet', ...args, ...options, ...packages]);
}

/** Where package.json is: above this file, or above the working directory when built elsewhere. */
export function projectRoot(): string {
  const starts = [dirname(fileURLToPath(import.meta.url)), process.cwd()];
  const root = starts
    .flatMap(withParents)
    .find((folder) => existsSync(join(folder, 'package.json')));
  if (root === undefined) throw new Error('No package.json above the test support');
  return root;
}

function withParents(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...withParents(parent)];
}
