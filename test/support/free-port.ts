import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Writable } from 'node:stream';
import { until } from './until.ts';

/** A program that ended before it served, with what it said. */
export class EndedEarly extends Error {}

/** A port of that loopback address that nothing uses at this moment. */
async function freePort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Tries with a port of a loopback address that is free, and with another one when the program ended
 * early: something may have been quicker to take the port. Rejects with the last complaint.
 */
export async function onFreePort<T>(
  attempt: (port: number) => Promise<T>,
  host = '127.0.0.1',
): Promise<T> {
  for (let left = 4; ; left -= 1) {
    try {
      return await attempt(await freePort(host));
    } catch (error) {
      if (!(error instanceof EndedEarly) || left === 0) throw error;
    }
  }
}

/** A program that is to listen on a port. */
export interface Listener {
  /** Names it in errors. */
  readonly what: string;
  /** Starts it; its standard error is quoted when it is a pipe. */
  readonly launch: (port: number) => ChildProcess;
  /** Whether it serves; asked again and again. */
  readonly serves: (run: StartedListener) => unknown;
  /** 127.0.0.1 unless given. */
  readonly host?: string | undefined;
}

/** One that was started. */
export interface StartedListener {
  readonly port: number;
  readonly pid: number;
  /** Its standard error so far. */
  readonly said: string;
  readonly input: Writable | null;
}

/** A program that listens. */
export interface Listening {
  readonly child: ChildProcess;
  readonly port: number;
}

/** Starts a program on a free port and resolves once it serves there; one that does not is ended. */
export function startOnFreePort({ what, launch, serves, host }: Listener): Promise<Listening> {
  return onFreePort(async (port) => {
    const child = launch(port);
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    let ended: string | undefined;
    child.once('error', (error) => {
      ended = error.message;
    });
    child.once('close', (code, signal) => {
      ended ??= `it ended with ${code ?? signal}`;
    });
    const { pid = 0, stdin: input } = child;
    try {
      await until(async () => ended !== undefined || (await serves({ port, pid, said, input })), {
        what: `${what} serves on port ${port}`,
        timeoutMs: 60_000,
      });
    } catch (error) {
      if (ended === undefined) {
        const closed = once(child, 'close');
        child.kill('SIGKILL');
        await closed;
      }
      throw new Error(`${(error as Error).message}. ${said.trim()}`, { cause: error });
    }
    if (ended !== undefined) throw new EndedEarly(`${what}: ${ended}. ${said.trim()}`);
    return { child, port };
  }, host);
}
