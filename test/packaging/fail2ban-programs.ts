import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** fail2ban as it is or would be installed. */
export interface Fail2ban {
  /** Its configuration as the distribution ships it. */
  readonly config: string;
  /** Runs one of its programs to its end and resolves to its standard output. */
  run(program: 'fail2ban-regex' | 'fail2ban-client', args: readonly string[]): Promise<string>;
  /** Starts its server in the foreground; whoever starts it ends it. */
  serve(args: readonly string[]): ChildProcess;
}

/**
 * The system's fail2ban, or, where none is installed, the distribution's package unpacked into
 * `.cache/fail2ban` of this project (fetched once, without installing it). Needs python3.
 */
export async function fail2ban(): Promise<Fail2ban> {
  const cache = join(projectRoot(), '.cache');
  const unpacked = join(cache, 'fail2ban');
  const isInstalled = existsSync('/usr/bin/fail2ban-regex');
  if (!isInstalled && !existsSync(unpacked)) await fetchInto(cache, unpacked);
  const root = isInstalled ? '/' : unpacked;
  const library = join(root, 'usr/lib/python3/dist-packages');
  const unpackedOnly = isInstalled ? {} : { PYTHONPATH: library, PYTHONDONTWRITEBYTECODE: '1' };
  const env = { ...process.env, ...unpackedOnly };
  // The system's own: a package's library is for it and need not suit another.
  const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
  return {
    config: join(root, 'etc/fail2ban'),
    async run(program, args) {
      const { stdout } = await run(python, [join(root, 'usr/bin', program), ...args], {
        env,
        maxBuffer: 64 * 1024 * 1024,
      });
      return stdout;
    },
    serve: (args) =>
      spawn(python, [join(root, 'usr/bin/fail2ban-server'), '-f', ...args], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
  };
}

/** Unpacks beside the goal and renames: two fetches at once do each other no harm. */
async function fetchInto(cache: string, root: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'fetch-'));
  const download = () => run('apt-get', ['--quiet', 'download', 'fail2ban'], { cwd: work });
  try {
    // A machine whose package lists were never fetched knows no package: then they are, once.
    await download().catch(async () => {
      await run('apt-get', ['--quiet', 'update']);
      await download();
    });
    const [file = ''] = (await readdir(work)).filter((name) => name.endsWith('.deb'));
    await run('dpkg', ['-x', join(work, file), join(work, 'root')]);
    await rename(join(work, 'root'), root).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.trim() : String(cause);
    throw new Error(
      'No fail2ban is installed and its package could not be unpacked: install it with ' +
        `\`apt-get install fail2ban\` (or the system's own way). ${reason}`,
      { cause },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Where package.json is: above this file, or above the working directory when built elsewhere. */
export function projectRoot(): string {
  for (const start of [dirname(fileURLToPath(import.meta.url)), process.cwd()]) {
    for (let folder = start; ; folder = dirname(folder)) {
      if (existsSync(join(folder, 'package.json'))) return folder;
      if (folder === dirname(folder)) break;
    }
  }
  throw new Error('No package.json above the tests');
}
