import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newSpaceFlag } from '../../src/lib/v8-flags.ts';
import { addAccount } from '../support/add-account.ts';
import { childrenOf, titleOf } from '../support/processes.ts';
import { cli, metricsCredentials, withoutMetrics } from '../support/uapid.ts';
import { until } from '../support/until.ts';
import type { Account } from './http-connection.ts';
import { fewSessions } from './scene.ts';

/** A real uapid as an administrator starts it, with nothing of this process in its way. */
export interface BenchServer {
  readonly port: number;
  readonly admin: Account;
  /** The account of the user with few sessions. */
  readonly user: Account;
  /** The process with the rights, the one that looks, and the one that speaks HTTP. */
  readonly monitorPid: number;
  readonly scannerPid: number;
  readonly httpPid: number;
  /** All of them. */
  readonly pids: readonly number[];
  /** The text of its metrics, which is a scan; throws unless the flags say where they are. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

const readyTimeoutMs = 20_000;
/** A line for each request is much after minutes of load; so long a log is begun anew. */
const emptyLogEveryMs = 5_000;

/**
 * Starts `serve` on a free port with an administrator and the user, and without metrics unless `flags`
 * say where; `execArgv` is for node.
 */
export async function startServer(
  execArgv: readonly string[] = [],
  flags: readonly string[] = [],
): Promise<BenchServer> {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-bench-'));
  const account = (name: string) => ({ name, password: randomBytes(12).toString('hex') });
  const [admin, user] = [account('admin'), account(fewSessions.user.name)];
  addAccount(stateDir, admin.name, admin.password, { role: 'admin' });
  addAccount(stateDir, user.name, user.password);
  const logFile = join(stateDir, 'log');
  const outputFile = join(stateDir, 'output');
  const log = openSync(logFile, 'a');
  const output = openSync(outputFile, 'a');
  const place = ['--listen', 'http://127.0.0.1:0', '--state-dir', stateDir, ...withoutMetrics];
  const args = [newSpaceFlag, ...execArgv, cli, 'serve', ...place, ...flags];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', output, log],
  });
  const exited = once(child, 'exit');
  const emptyLog = setInterval(() => ftruncateSync(log), emptyLogEveryMs);
  const stop = async () => {
    clearInterval(emptyLog);
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await exited;
    clearTimeout(killer);
    closeSync(log);
    closeSync(output);
    rmSync(stateDir, { recursive: true, force: true });
  };
  try {
    const urlOrEnd = () =>
      /http:\/\/127\.0\.0\.1:(\d+)/.exec(readFileSync(outputFile, 'utf8')) ??
      child.exitCode !== null;
    const url = await until(urlOrEnd, { what: 'uapid listens', timeoutMs: readyTimeoutMs });
    if (url === true) {
      throw new Error(`uapid ended with ${child.exitCode}. ${readFileSync(logFile, 'utf8')}`);
    }
    const port = Number(url[1]);
    const monitorPid = child.pid ?? 0;
    const childNamed = (title: string) =>
      until(() => childrenOf(monitorPid).find(({ pid }) => titleOf(pid)?.startsWith(title)), {
        what: `there is ${title}`,
      });
    const httpPid = (await childNamed('uapid: http')).pid;
    const scannerPid = (await childNamed('uapid: scan')).pid;
    const pids = [monitorPid, scannerPid, httpPid];
    const metrics = async () => {
      const place = /^Metrics: (\S+)$/m.exec(readFileSync(outputFile, 'utf8'))?.[1];
      if (place === undefined) throw new Error('uapid names no metrics');
      const response = await fetch(place, { headers: metricsCredentials(stateDir) });
      return await response.text();
    };
    return { port, admin, user, monitorPid, scannerPid, httpPid, pids, metrics, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
