import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { plainEnv, type Result } from './cli-run.ts';
import type { CommandRequest } from './command-process.ts';

const script = fileURLToPath(new URL('./command-process.js', import.meta.url));

let runner: ChildProcess | undefined;
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs a command of the built program in a process that stays for the next one, which takes a tenth
 * of the time. Commands run one after the other. Not for `serve`, for a terminal, and for what is
 * about processes: that is `runUapid`.
 */
export function runCommand(
  args: readonly string[],
  {
    input = '',
    env = {},
  }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Result> {
  const request = { args, input, env: plainEnv(env) } as CommandRequest;
  const answer = last.then(() => ask(request));
  last = answer.catch(() => undefined);
  return answer;
}

async function ask(request: CommandRequest): Promise<Result> {
  runner ??= start();
  const { signal, abort } = aborter();
  const ended = once(runner, 'exit', { signal }).then(([code]) => {
    runner = undefined;
    throw new Error(`the process of the commands ended with ${code}`);
  });
  hold(runner, true);
  runner.send(request);
  try {
    const [answer] = await Promise.race([once(runner, 'message', { signal }), ended]);
    return answer as Result;
  } finally {
    ended.catch(() => undefined);
    abort();
    if (runner !== undefined) hold(runner, false);
  }
}

function aborter() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

function start(): ChildProcess {
  return fork(script, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] });
}

/** Whether the test's process waits for it; once the tests are over it must not. */
function hold(child: ChildProcess, wanted: boolean): void {
  const channel = child.channel as unknown as Socket | null;
  for (const each of [child, channel]) wanted ? each?.ref() : each?.unref();
}
