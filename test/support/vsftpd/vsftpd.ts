import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { startOnFreePort } from '../free-port.ts';
import type { FtpClient } from '../ftp-client.ts';
import {
  allProcesses,
  childrenOf,
  type ProcessStat,
  processStat,
  titleOf,
  uidOf,
} from '../processes.ts';
import { until } from '../until.ts';
import type { TestUser } from '../users.ts';
import { type VsftpdRelease, vsftpdProgram } from './programs.ts';
import { type VsftpdOptions, vsftpdConfiguration } from './settings.ts';

export interface VsftpdStart extends VsftpdOptions {
  /** Debian 12's unless given. */
  readonly release?: VsftpdRelease;
  /** Another executable than the release's, e.g. a copy of it. */
  readonly executable?: string;
  /** Starts it as an ordinary user, whose configuration it is then. */
  readonly as?: TestUser;
  /** True to start it just after its settings were written: too soon to be sure that it knows them. */
  readonly isNewlyConfigured?: boolean;
  /** True for arguments and environment that are too short for vsftpd to write titles over them. */
  readonly hasNoRoom?: boolean;
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A real vsftpd that listens in the foreground, on a loopback address. */
export interface Vsftpd {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** The listener, whose grandchildren are the sessions. */
  readonly pid: number;
  readonly executable: string;
  /** The file of its settings. */
  readonly configuration: string;
  /** Ends all of it; resolves once nothing of it is left. */
  stop(): Promise<void>;
}

/** Room for titles: vsftpd writes them over its arguments and environment. */
const roomForTitles = { UAPID_TEST_ROOM: '-'.repeat(400) };

/** Starts a vsftpd and resolves once it greets. One that is not stopped ends with this process. */
export async function startVsftpd(options: VsftpdStart = {}): Promise<Vsftpd> {
  const program = await vsftpdProgram(options.release ?? 'debian-12');
  const folder = mkdtempSync(join(tmpdir(), 'vsftpd-'));
  const configured = `/etc/${basename(folder)}`;
  mkdirSync(configured, { recursive: true });
  // vsftpd does not take what others than root may write.
  chmodSync(configured, 0o755);
  const configuration = join(configured, 'v.conf');
  if (options.hasNoRoom === true) listLibraries(Object.values(program.env));
  const executable = options.executable ?? program.vsftpd;
  writeFileSync(configuration, vsftpdConfiguration(options, true, folder));
  if (options.as !== undefined) {
    for (const path of [configuration, folder]) chownSync(path, options.as.uid, options.as.gid);
  }
  if (options.isNewlyConfigured !== true) await settled(configuration);
  const { PATH } = process.env;
  const { child, port } = await startOnFreePort({
    what: 'vsftpd',
    launch: (port) => {
      const hasNoRoom = options.hasNoRoom === true;
      if (hasNoRoom) appendFileSync(configuration, `listen_port=${port}\n`);
      const args = hasNoRoom ? ['v.conf'] : [configuration, `-olisten_port=${port}`];
      return spawn(executable, args, {
        stdio: ['ignore', 'ignore', 'pipe'],
        ...(hasNoRoom ? { argv0: 'v', cwd: configured } : {}),
        env: hasNoRoom ? {} : { PATH, ...program.env, ...options.env, ...roomForTitles },
        detached: true,
        ...(options.as === undefined ? {} : { uid: options.as.uid, gid: options.as.gid }),
      });
    },
    serves: ({ port, pid }) => greets(pid, port),
  });
  const run = running(child, port, [folder, configured]);
  await until(() => childrenOf(run.pid).length === 0, { what: 'the first connection has ended' });
  return { ...run, executable, configuration };
}

/** Has the loader find the libraries without an environment, in the sandbox' own /etc. */
function listLibraries(folders: readonly string[]): void {
  mkdirSync('/etc/ld.so.conf.d', { recursive: true });
  writeFileSync('/etc/ld.so.conf.d/vsftpd.conf', folders.map((each) => `${each}\n`).join(''));
  execFileSync('ldconfig', { env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' } });
}

/** When a process began is told to the second, so a file has to be older than that and a tolerance. */
async function settled(path: string): Promise<void> {
  const { ctimeMs } = statSync(path);
  await until(() => Date.now() > ctimeMs + 1_700, { what: 'the settings are old enough' });
}

/** Asks for the greeting of a child of this very listener. */
async function greets(listener: number, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    let isOurs = false;
    socket.setEncoding('latin1').on('data', (text: string) => {
      if (text.startsWith('220')) {
        isOurs = childrenOf(listener).length > 0;
        socket.end('QUIT\r\n');
      }
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(isOurs));
  });
}

function running(child: ChildProcess, port: number, folders: readonly string[]) {
  const pid = child.pid ?? 0;
  // What serves a connection leads a session of its own, and holds the daemon's log open.
  const members = () =>
    allProcesses().filter(
      (each) => each.state !== 'Z' && (each.pid === pid || holdsFileIn(each.pid, folders)),
    );
  const removeFolders = () => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  };
  const end = () => {
    for (const each of members()) signal(each.pid);
  };
  const cleanUp = () => {
    end();
    removeFolders();
  };
  process.once('exit', cleanUp);
  child.unref();
  (child.stderr as Socket | null)?.unref();
  return {
    host: '127.0.0.1' as const,
    port,
    pid,
    async stop() {
      end();
      await until(() => members().length === 0, { what: 'vsftpd is gone' });
      process.off('exit', cleanUp);
      removeFolders();
    },
  };
}

function holdsFileIn(pid: number, folders: readonly string[]): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
      return folders.some((folder) => target.startsWith(`${folder}/`));
    });
  } catch {
    // It has ended, or closed the file.
    return false;
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The processes that serve one connection. */
export interface ServingProcesses {
  /** What serves it for the listener. */
  readonly connection: ProcessStat;
  /** What runs as the user that has logged in. */
  readonly session: ProcessStat;
}

/** Logs in, and waits until the session is as it stays: see `settle`. */
export async function logIn(
  client: FtpClient,
  { name, password }: { readonly name: string; readonly password: string },
): Promise<void> {
  await client.login(name, password);
  await settle(client);
}

/** Where titles are on, waits until one says that the session has logged in: vsftpd replies first. */
export async function settle(client: FtpClient): Promise<void> {
  const pid = await client.sessionPid();
  if (!titleOf(pid)?.startsWith('vsftpd: ')) return;
  const all = () => [pid, ...childrenOf(pid).map((child) => child.pid)];
  await until(() => all().some((each) => titleOf(each)?.endsWith(': IDLE')), {
    what: 'a title says that somebody has logged in',
  });
}

/** The processes of a client that has logged in; needs root. */
export async function servingProcesses(client: FtpClient): Promise<ServingProcesses> {
  const pid = await client.sessionPid();
  return until(
    () => {
      const above = uidOf(pid);
      const children = childrenOf(pid);
      const session = children.find((child) => ![0, above].includes(uidOf(child.pid) ?? 0));
      const connection = processStat(pid);
      return session !== undefined && connection !== undefined && { connection, session };
    },
    { what: 'a process runs as the user that has logged in' },
  );
}
