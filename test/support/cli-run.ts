import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { shortLived } from './node-flags.ts';
import { withoutMetrics } from './uapid.ts';
import { until } from './until.ts';

/** The built program. */
export const program = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What is on stdin; nothing unless given. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** It is killed after so long; four minutes unless given. */
  readonly timeoutMs?: number;
}

/** The environment of a program that is to see nothing of the developer's own settings. */
export function plainEnv(env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, ...env };
}

/** Runs the built program to its end. */
export async function runUapid(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const env = plainEnv(options.env);
  const child = spawn(process.execPath, [...shortLived, program, ...args], {
    env,
    timeout: options.timeoutMs ?? 240_000,
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code, stdout, stderr };
}

/** The words of a command that runs another on a terminal of its own (script(1) of util-linux). */
function onTerminal(command: readonly string[]): string[] {
  const line = command.map((word) => `'${word}'`).join(' ');
  return ['script', '--quiet', '--return', '--command', `exec ${line}`, '/dev/null'];
}

/** `uapid serve` that listens. */
export interface Served {
  /** The URLs that it says it listens on. */
  readonly urls: readonly string[];
  stdout(): string;
  stderr(): string;
  /** Ends it with SIGTERM; resolves to its exit code. */
  stop(): Promise<number | null>;
}

/**
 * Starts `uapid serve`, without metrics unless `args` say where, and resolves when it has said all that
 * it says at a start. On a terminal of its own both outputs are `stdout()`.
 */
export async function startServe(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { terminal = false } = {},
): Promise<Served> {
  const command = [process.execPath, ...shortLived, program, 'serve', ...withoutMetrics, ...args];
  const [file = '', ...words] = terminal ? onTerminal(command) : command;
  const child = spawn(file, words, {
    env: plainEnv({ ...(terminal ? { SHELL: '/bin/sh', TERM: 'xterm' } : {}), ...env }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  if (!terminal) child.stdin.end();
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const closed = once(child, 'close');
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk.replaceAll('\r', '');
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  await until(() => hasEnded() || /^ *(Try: |Then: )?curl/m.test(stdout), {
    what: 'the start-up banner',
    timeoutMs: 60_000,
  }).catch((error) => {
    kill();
    throw new Error(`${error.message}; it said: ${stdout}${stderr}`);
  });
  if (hasEnded()) {
    await closed;
    throw new Error(`uapid ended with ${child.exitCode}: ${stderr}`);
  }
  return {
    urls: /listens on (.*)/.exec(stdout)?.[1]?.split(', ') ?? [],
    stdout: () => stdout,
    stderr: () => stderr,
    async stop() {
      // Ctrl-C, which the terminal turns into a signal.
      if (terminal) child.stdin.write('\x03');
      else child.kill('SIGTERM');
      const killer = setTimeout(kill, 60_000);
      const [code] = await closed;
      clearTimeout(killer);
      process.off('exit', kill);
      return code;
    },
  };
}
