import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { childrenOf, groupMembers } from './processes.ts';
import { until } from './until.ts';

/** A real FTP daemon that runs in the foreground, on a loopback address. */
export interface FtpDaemon {
  readonly host: string;
  readonly port: number;
  /** The master process, whose children are the sessions. */
  readonly pid: number;
  readonly executable: string;
  /** Where its files are. */
  readonly folder: string;
  /** Ends the master and its sessions; resolves once none of them is left. */
  stop(): Promise<void>;
}

/**
 * Asks for the greeting (RFC 959, 220) and leaves politely. Another FTP server on that port does
 * not count: the one that greets must be a child of this master.
 */
export async function greets(master: number, host: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host, port });
    let greeting = '';
    let isOurs = false;
    socket.setEncoding('latin1').on('data', (text: string) => {
      if (greeting === '') {
        isOurs = childrenOf(master).length > 0;
        socket.end('QUIT\r\n');
      }
      greeting += text;
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(isOurs && greeting.startsWith('220')));
  });
}

/**
 * A daemon that was started as the leader of a process group. One that is not stopped ends with this
 * process; its folder is removed with it.
 */
export function runningDaemon(
  child: ChildProcess,
  host: string,
  port: number,
  folder: string,
): FtpDaemon {
  const pid = child.pid ?? 0;
  const cleanUp = () => {
    signal(-pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', cleanUp);
  // A daemon that a failed test forgot must not keep the test's process from ending.
  child.unref();
  (child.stderr as Socket | null)?.unref();
  return {
    host,
    port,
    pid,
    executable: child.spawnfile,
    folder,
    async stop() {
      await end(pid);
      process.off('exit', cleanUp);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * A stopped master takes no further connection. Its sessions end in order on SIGTERM and take their
 * (PRIV) helpers along; a helper that ended first would leave the session's scoreboard entry. The
 * group finds sessions even when a test has killed their master.
 */
async function end(master: number): Promise<void> {
  const live = () => groupMembers(master).filter(({ state }) => state !== 'Z');
  const isMember = (pid: number) => live().some((process) => process.pid === pid);
  signal(master, 'SIGSTOP');
  for (const { pid, parent } of live()) {
    if (pid !== master && (parent === master || !isMember(parent))) {
      signal(pid, 'SIGTERM');
    }
  }
  const sessionsEnd = { what: 'the sessions end', timeoutMs: 3_000 };
  await until(() => live().every(({ pid }) => pid === master), sessionsEnd).catch(() => undefined);
  signal(-master, 'SIGTERM');
  signal(-master, 'SIGCONT');
  const allEnd = { what: 'the daemon is gone', timeoutMs: 3_000 };
  await until(() => groupMembers(master).length === 0, allEnd).catch(async () => {
    signal(-master, 'SIGKILL');
    await until(() => groupMembers(master).length === 0, { what: 'the daemon is gone' });
  });
}

/** Sends a signal to a process, or to a group by its negative number; one that is gone is fine. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw error;
    }
  }
}
