import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAccount } from '../../support/add-account.ts';
import type { Cleanup } from '../../support/cleanup.ts';
import { EndedEarly } from '../../support/free-port.ts';
import { shortLived } from '../../support/node-flags.ts';
import { childrenOf, isAlive, type ProcessStat, titleOf } from '../../support/processes.ts';
import { cli, withoutMetrics } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import type { Place } from './ask.ts';

export interface ServeOptions {
  /** Further flags. */
  readonly args?: readonly string[];
  /** Metrics where they usually are; else there are none unless `args` say where. */
  readonly metrics?: 'usual';
  readonly scheme?: 'http' | 'https';
  /** A fixed port, which may be taken: then it rejects with EndedEarly; a free one unless given. */
  readonly port?: number;
  /** Another copy of cli.js. */
  readonly program?: string;
  /** Who starts it; this process's user unless given. */
  readonly as?: { readonly uid: number; readonly gid: number };
  /** What runs the command that is appended to it, e.g. `setpriv` with its flags. */
  readonly through?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The state directory; a new one with the account "admin" unless given. */
  readonly stateDir?: string;
}

/** A real uapid with its processes. */
export interface ServedUapid extends Place {
  /** The monitor. */
  readonly pid: number;
  readonly stateDir: string;
  /** The worker of this moment; waits until it is the one that listens. */
  httpPid(): Promise<number>;
  stdout(): string;
  stderr(): string;
  /** The messages of the log, one JSON object a line. */
  log(): Record<string, unknown>[];
  kill(signal: NodeJS.Signals): void;
  /** Resolves to the exit code, or the signal's name, of the monitor, once all that it wrote is there. */
  ended(): Promise<number | string>;
}

/** A state directory with the account "admin". It goes with the test. */
export function makeState(t: Cleanup): { stateDir: string; password: string } {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-boundary-'));
  t.after(() => rmSync(stateDir, { recursive: true, force: true }));
  const password = randomBytes(12).toString('hex');
  addAccount(stateDir, 'admin', password, { role: 'admin' });
  return { stateDir, password };
}

/** Starts uapid and waits until it has printed its banner. It ends with the test, whatever becomes of it. */
export async function serve(t: Cleanup, options: ServeOptions = {}): Promise<ServedUapid> {
  const state = options.stateDir === undefined ? makeState(t) : null;
  const stateDir = options.stateDir ?? state?.stateDir ?? '';
  const place = `${options.scheme ?? 'http'}://127.0.0.1:${options.port ?? 0}`;
  const run = launch(
    t,
    ['--listen', place, '--state-dir', stateDir, ...(options.args ?? [])],
    options,
  );
  const isOut = () => run.child.exitCode !== null || run.child.signalCode !== null;
  const hasPrintedBanner = () => isOut() || /^ *(Try: |Then: )?curl/m.test(run.stdout());
  await until(hasPrintedBanner, { what: 'the start-up banner', timeoutMs: 60_000 });
  if (isOut()) {
    await run.ended;
    throw new EndedEarly(`uapid ended: ${run.stderr()}`);
  }
  const url = /listens on ([^\s,]+)/.exec(run.stdout())?.[1] ?? '';
  const pid = run.child.pid ?? 0;
  return {
    url,
    user: 'admin',
    password: state?.password ?? '',
    pid,
    stateDir,
    httpPid: () => httpPidOf(pid),
    stdout: run.stdout,
    stderr: run.stderr,
    log: () => parseLog(run.stderr()),
    kill: (signal) => process.kill(pid, signal),
    ended: () => run.ended,
  };
}

/** Starts `uapid serve`, without metrics unless `args` say where, and leaves open what becomes of it. */
export function launch(t: Cleanup, args: readonly string[], options: ServeOptions = {}) {
  const node = [...(options.through ?? []), process.execPath, ...shortLived];
  const metrics = options.metrics === 'usual' ? [] : withoutMetrics;
  const command = [...node, options.program ?? cli, 'serve', ...metrics];
  const { PATH } = process.env;
  const child = spawn(command[0] ?? '', [...command.slice(1), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, ...options.env },
    cwd: '/',
    ...options.as,
  });
  const output = collect(child);
  t.after(async () => {
    const family = [child.pid ?? 0, ...childrenOf(child.pid ?? 0).map(({ pid }) => pid)];
    for (const pid of family) kill(pid);
    await output.ended;
  });
  return { child, ...output };
}

function collect(child: ChildProcess) {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const tell = () => resolve(code ?? signal ?? '');
      // What it has written may come behind its end; what it started may hold the streams for longer.
      const timer = setTimeout(tell, 5_000);
      child.once('close', () => {
        clearTimeout(timer);
        tell();
      });
    });
  });
  return { stdout: () => stdout, stderr: () => stderr, ended };
}

function kill(pid: number): void {
  try {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** The worker of a monitor's pid, which shows in its title when it has its rights no more. */
export function httpPidOf(pid: number): Promise<number> {
  return until(() => listeningChild(pid), { what: 'there is a worker' });
}

/** The worker that has given up its rights, which shows in its title. */
function listeningChild(parent: number): number | undefined {
  return childrenOf(parent).find(({ pid }) => titleOf(pid)?.startsWith('uapid: http'))?.pid;
}

/** The scanner of a monitor's pid, also while it begins. */
export function scannerPidOf(pid: number): number | undefined {
  return childrenOf(pid).find((child) => isScanner(child.pid))?.pid;
}

/** The workers of a monitor's pid, whatever program they are. */
export function workersOf(pid: number): ProcessStat[] {
  return childrenOf(pid).filter((child) => !isScanner(child.pid));
}

function isScanner(pid: number): boolean {
  try {
    return /scanner\.js|^uapid: scan/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
  } catch {
    return false;
  }
}

/**
 * Waits for so many messages of the log that are such, as lines go out behind the answers, and gives
 * all that are.
 */
export function logged(
  { log }: Pick<ServedUapid, 'log'>,
  wanted: RegExp,
  count = 1,
): Promise<Record<string, unknown>[]> {
  const messages = () => log().filter(({ msg }) => wanted.test(String(msg)));
  return until(() => messages().length >= count && messages(), {
    what: `${count} lines of the log say ${wanted}`,
  });
}

function parseLog(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A line of /proc/PID/status (proc(5)), its fields. */
export function statusOf(pid: number | string, name: string): string[] {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  return (line ?? '')
    .slice(name.length + 1)
    .trim()
    .split(/\s+/)
    .filter(Boolean);
}
