import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { startOnFreePort } from './free-port.ts';
import type { FtpClient } from './ftp-client.ts';
import { type FtpDaemon, greets, runningDaemon } from './ftp-daemon.ts';
import { childrenOf, titleOf } from './processes.ts';
import { type ProftpdOptions, scoreboardOf, writeConfiguration } from './proftpd/configuration.ts';
import { type ProftpdPrograms, proftpdPrograms } from './proftpd/programs.ts';
import { until } from './until.ts';

export type { ProftpdOptions } from './proftpd/configuration.ts';

/** A real ProFTPD. */
export interface Proftpd extends FtpDaemon {
  readonly scoreboard: string;
  /** The path of its configuration. */
  readonly configuration: string;
  readonly programs: ProftpdPrograms;
  /** The environment that its programs need. */
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Starts a ProFTPD in the foreground and resolves once it greets and has no session. One that is not
 * stopped ends with this process.
 */
export async function startProftpd(options: ProftpdOptions = {}): Promise<Proftpd> {
  const folder = mkdtempSync(join(tmpdir(), 'proftpd-'));
  // Its sessions look for the scoreboard's folder once they are their user's.
  chmodSync(folder, 0o755);
  const host = options.host === '::' ? '::1' : '127.0.0.1';
  try {
    const programs = await proftpdPrograms(options.release ?? 'own', folder);
    const env = environmentOf(programs, options);
    const { child, port } = await startOnFreePort({
      what: 'ProFTPD',
      host,
      launch: (port) => launch(options, port, programs, folder, env),
      serves: ({ port, pid }) => greets(pid, host, port),
    });
    await until(() => childrenOf(child.pid ?? 0).length === 0, {
      what: 'the first session has ended',
    });
    const daemon = runningDaemon(child, host, port, folder);
    return {
      ...daemon,
      scoreboard: scoreboardOf(options, folder),
      configuration: join(folder, 'proftpd.conf'),
      programs,
      env,
    };
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
}

/**
 * Waits until a session's title says that it is idle: ProFTPD replies to a command first, and then says
 * so in its title and in its record. Where titles are terse there is nothing to wait for.
 */
export async function becomesIdle(client: FtpClient): Promise<void> {
  const pid = await client.sessionPid();
  await until(() => titleOf(pid)?.endsWith(': IDLE'), { what: 'the session is idle' });
}

function launch(
  options: ProftpdOptions,
  port: number,
  programs: ProftpdPrograms,
  folder: string,
  env: NodeJS.ProcessEnv,
): ChildProcess {
  const file = writeConfiguration(options, port, programs, folder);
  const executable = options.executable ?? programs.proftpd;
  const args = [executable, '-n', '-q', '-c', file];
  const [command = executable, ...rest] = [...(options.through ?? []), ...args];
  return spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env, detached: true });
}

/**
 * The room for titles is what arguments and environment took at the start, so a service manager's
 * has to be imitated, or none at all.
 */
function environmentOf(
  { libraries }: ProftpdPrograms,
  { isBare = false }: ProftpdOptions,
): NodeJS.ProcessEnv {
  if (!isBare) return { PATH: '/usr/sbin:/usr/bin', LD_LIBRARY_PATH: libraries.join(delimiter) };
  mkdirSync('/etc/ld.so.conf.d', { recursive: true });
  writeFileSync('/etc/ld.so.conf.d/proftpd.conf', libraries.map((each) => `${each}\n`).join(''));
  // Of the sandbox alone, whose /etc is a layer of its own.
  execFileSync('ldconfig', { env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' } });
  return {};
}
