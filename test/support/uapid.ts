import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addAccount } from './add-account.ts';
import { shortLived } from './node-flags.ts';
import { until } from './until.ts';

/** The compiled command. */
export const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

/** Flags of a server whose metrics nobody wants: only one on a machine has the usual address. */
export const withoutMetrics = ['--metrics', 'none'] as const;

/** A real uapid, started by its command. */
export interface RunningUapid {
  readonly pid: number;
  /** Without a slash at its end. */
  readonly url: string;
  /** Where its metrics are, without a path; rejects when it serves none. */
  metricsUrl(): Promise<string>;
  /** What they answer to `path`, asked with their token. */
  metrics(path?: string): Promise<Response>;
  /** An administrator's account. */
  readonly user: string;
  readonly password: string;
  readonly stateDir: string;
  /** Where it speaks https; rejects when it does nowhere. */
  httpsUrl(): Promise<string>;
  /** What it has written to standard error so far. */
  log(): string;
  /** Ends it with SIGTERM; resolves to its exit code, null when it had to be killed. */
  stop(): Promise<number | null>;
}

/**
 * Starts uapid on a free port of 127.0.0.1, with a state directory and an administrator of its own;
 * without metrics unless `args` say where. `program` is its command. A state directory that is given is
 * removed as well.
 */
export async function startUapid(
  args: readonly string[] = [],
  program = cli,
  stateDir = mkdtempSync(join(tmpdir(), 'uapid-state-')),
): Promise<RunningUapid> {
  const [user, password] = ['admin', randomBytes(12).toString('hex')];
  addAccount(stateDir, 'admin', password, { role: 'admin' });
  const place = ['--listen', 'http://127.0.0.1:0', '--state-dir', stateDir, ...withoutMetrics];
  const child = spawn(process.execPath, [...shortLived, program, 'serve', ...place, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const cleanUp = () => {
    child.kill('SIGKILL');
    rmSync(stateDir, { recursive: true, force: true });
  };
  process.once('exit', cleanUp);
  const ended = once(child, 'close');
  let [output, log] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const urlOrEnd = () => /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0] ?? child.exitCode !== null;
  const url = await until(urlOrEnd, { what: 'uapid listens', timeoutMs: 60_000 });
  if (url === true) {
    await ended;
    cleanUp();
    throw new Error(`uapid ended with ${child.exitCode}: ${log.trim()}`);
  }
  // One that a failed test forgot must not keep the test's process from ending.
  for (const each of [child, child.stdout as Socket, child.stderr as Socket]) {
    each.unref();
  }
  const metricsUrl = () =>
    until(() => /^Metrics: (\S+)\/metrics$/m.exec(output)?.[1], { what: 'it names its metrics' });
  return {
    pid: child.pid ?? 0,
    url,
    metricsUrl,
    httpsUrl: () =>
      until(() => /https:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0], { what: 'it names it' }),
    metrics: async (path = '/metrics') =>
      fetch(`${await metricsUrl()}${path}`, { headers: metricsCredentials(stateDir) }),
    user,
    password,
    stateDir,
    log: () => log,
    async stop() {
      child.ref();
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 60_000);
      const [code] = child.exitCode === null ? await ended : [child.exitCode];
      clearTimeout(killer);
      process.off('exit', cleanUp);
      cleanUp();
      return code;
    },
  };
}

/** The file with the token that the metrics of a server ask for, by default. */
export function metricsTokenFile(stateDir: string): string {
  return join(stateDir, 'metrics-token');
}

/** The header that shows it. */
export function metricsCredentials(stateDir: string): { readonly authorization: string } {
  const token = readFileSync(metricsTokenFile(stateDir), 'utf8').trim();
  return { authorization: `Bearer ${token}` };
}
