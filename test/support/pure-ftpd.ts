import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PureFtpdPrograms, pureFtpdPrograms } from './daemons.ts';
import { startOnFreePort } from './free-port.ts';
import { type FtpDaemon, greets, runningDaemon } from './ftp-daemon.ts';
import { childrenOf } from './processes.ts';
import { type Setting, settingsFor } from './pure-ftpd-settings.ts';
import { until } from './until.ts';
import type { VirtualUser } from './virtual-users.ts';

export interface PureFtpdOptions {
  /** 127.0.0.1 unless given; "localhost" listens on 127.0.0.1 and ::1 both. */
  readonly host?: '127.0.0.1' | '::1' | 'localhost';
  /** Kilobytes a second for a download, so that it lasts; as fast as it goes unless given. */
  readonly throttle?: number;
  /** Users of this daemon alone, each mapped to a system user's uid and home. */
  readonly virtualUsers?: readonly VirtualUser[];
  /** True to take the system's users too, which is so unless `false` is given. */
  readonly unixUsers?: boolean;
  /** True to offer TLS with a self-signed certificate. */
  readonly tls?: boolean;
  /** Further arguments, e.g. `['-c', '1000']`. */
  readonly args?: readonly string[];
  /**
   * True to start it through a configuration file, as some systems do, without `args`: pure-ftpd
   * 1.0.50 then writes its titles into a copy of argv, so that nobody sees them.
   */
  readonly titlesOff?: boolean;
  /** False to give sessions no root directory of their own. */
  readonly chroot?: boolean;
  /** The transfer log of its option -O, "FORMAT:FILE". */
  readonly altLog?: string;
  /** What runs the daemon's command, which is appended, e.g. `setpriv` with its flags. */
  readonly through?: readonly string[];
  /** Another executable than the system's, e.g. a copy of it. */
  readonly executable?: string;
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export type PureFtpd = FtpDaemon;

/**
 * Starts a pure-ftpd and resolves once it greets and has no session. One that is not stopped ends
 * with this process. Takes another port when a program was quicker to take the one that was free.
 */
export async function startPureFtpd(options: PureFtpdOptions = {}): Promise<PureFtpd> {
  const programs = await pureFtpdPrograms();
  const folder = mkdtempSync(join(tmpdir(), 'pure-ftpd-'));
  const host = options.host ?? '127.0.0.1';
  try {
    const { child, port } = await startOnFreePort({
      what: 'pure-ftpd',
      host,
      launch: (port) => {
        const settings = settingsFor(options, { host, port }, programs, folder);
        return launch(options, settings, programs, folder);
      },
      serves: ({ port, pid }) => greets(pid, host, port),
    });
    await until(() => childrenOf(child.pid ?? 0).length === 0, {
      what: 'the first session has ended',
    });
    return runningDaemon(child, host, port, folder);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
}

function launch(
  options: PureFtpdOptions,
  settings: readonly Setting[],
  programs: PureFtpdPrograms,
  folder: string,
): ChildProcess {
  const executable = options.executable ?? programs.pureFtpd;
  const stdio: StdioOptions = ['ignore', 'ignore', 'pipe'];
  const { PATH } = process.env;
  const env = { PATH, ...programs.env, ...options.env };
  if (options.titlesOff === true) {
    const file = join(folder, 'pure-ftpd.conf');
    writeFileSync(file, settings.map((setting) => `${setting.line}\n`).join(''));
    return spawn(executable, [file], { stdio, env, detached: true });
  }
  const args = [...settings.flatMap((setting) => setting.args), ...(options.args ?? [])];
  const [command = executable, ...rest] = [...(options.through ?? []), executable, ...args];
  return spawn(command, rest, { stdio, env, detached: true });
}
