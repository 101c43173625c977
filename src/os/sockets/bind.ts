import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { programFile } from '../../lib/program-file.ts';
import { type BindError, explainBindError } from './bind-error.ts';
import type { Bound, Wanted } from './binder.ts';

const program = fileURLToPath(programFile('os/sockets/binder.js'));

/** A socket that listens and that this process does not poll: connections wait in the kernel. */
export interface BoundSocket {
  /** Node's object that keeps the descriptor open. */
  readonly handle: { readonly fd: number; close(): void };
  readonly port: number;
}

/** Makes listening sockets, one after the other. */
export interface Binder {
  /** Rejects, in words for the administrator, when the address cannot be listened on. */
  bind(wanted: Wanted & { readonly url: string }, flag: string): Promise<BoundSocket>;
  /** Resolves when its process is gone; the sockets stay. */
  end(): Promise<void>;
}

/** Starts the process that makes the sockets (src/os/sockets/binder.ts). */
export function startBinder(environment: NodeJS.ProcessEnv): Binder {
  const child = fork(program, [], { execArgv: [], env: environment, stdio: 'inherit' });
  const ended = new Promise<string>((resolve) => {
    child.once('error', ({ message }) => resolve(message));
    child.once('exit', (code, signal) => resolve(`its helper ended with ${code ?? signal}`));
  });
  return {
    async bind({ host, port, url }, flag) {
      const { bound, handle } = await ask(child, { host, port }, ended);
      if ('error' in bound) throw explained(bound.error, url, flag);
      if (handle === undefined || handle.fd < 0) {
        throw explained({ code: undefined, message: 'no descriptor came' }, url, flag);
      }
      return { handle, port: bound.port };
    },
    async end() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

async function ask(
  child: ChildProcess,
  wanted: Wanted,
  ended: Promise<string>,
): Promise<{ bound: Bound; handle?: BoundSocket['handle'] }> {
  const over = new AbortController();
  const answer = once(child, 'message', { signal: over.signal });
  answer.catch(() => {});
  child.send(wanted, () => {});
  const failure = ended.then((message) => ({ bound: { error: { code: undefined, message } } }));
  const outcome = await Promise.race([
    answer.then(([bound, handle]) => ({
      bound: bound as Bound,
      handle: handle as BoundSocket['handle'],
    })),
    failure,
  ]);
  over.abort();
  return outcome;
}

function explained(error: BindError, url: string, flag: string): Error {
  return new Error(explainBindError(error, url, flag));
}
