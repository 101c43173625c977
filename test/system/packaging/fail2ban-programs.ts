import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unpackPackages } from '../../support/debian-packages.ts';

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
  const isInstalled = existsSync('/usr/bin/fail2ban-regex');
  const root = isInstalled ? '/' : await unpackPackages('fail2ban', ['fail2ban']);
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
