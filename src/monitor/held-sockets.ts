import { closeSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import type { ListenAddress } from '../config/listen-address.ts';
import { type Binder, startBinder } from '../os/sockets/bind.ts';
import { type InheritedSocket, takeInherited } from './inherited-sockets.ts';

/** An address, with its real port, and what keeps the descriptor of the socket open that listens there. */
export interface HeldSocket {
  readonly address: ListenAddress;
  readonly handle: { readonly fd: number };
  /** Holds it no longer. */
  release(): void;
}

export interface HeldSockets {
  /** One for each address, in their order. */
  readonly listen: readonly HeldSocket[];
  /** Null where none are to be served. */
  readonly metrics: HeldSocket | null;
  /** Why there is none for the metrics though nobody forbade it. */
  readonly metricsProblem: string | null;
}

export interface HoldOptions {
  /** Of this process; the variables of sd_listen_fds(3) are taken out of it. */
  readonly environment: NodeJS.ProcessEnv;
  /** Of the process that makes the sockets. */
  readonly binderEnvironment: NodeJS.ProcessEnv;
}

/**
 * Has a listening socket for every address: one that the service manager has handed in, or else a new
 * one. This process never accepts on them and never reads from them; it has them so that a worker
 * that ends leaves no port free for others: connections wait for the next one. Rejects, in words for
 * the administrator, when an address cannot be had, or a socket was handed in that no setting names.
 */
export async function holdSockets(
  { listen, metrics }: Pick<Config, 'listen' | 'metrics'>,
  { environment, binderEnvironment }: HoldOptions,
): Promise<HeldSockets> {
  const inherited = takeInherited(
    [...listen, ...(metrics === null ? [] : [metrics.address])],
    environment,
  );
  const binder = startLate(() => startBinder(binderEnvironment));
  try {
    const held: HeldSocket[] = [];
    for (const address of listen) held.push(await hold(address, '--listen', inherited, binder.get));
    if (metrics === null) return { listen: held, metrics, metricsProblem: null };
    const { address, isRequired } = metrics;
    try {
      const socket = await hold(address, '--metrics', inherited, binder.get);
      return { listen: held, metrics: socket, metricsProblem: null };
    } catch (error) {
      if (isRequired) throw error;
      return { listen: held, metrics: null, metricsProblem: (error as Error).message };
    }
  } finally {
    await binder.started()?.end();
  }
}

async function hold(
  address: ListenAddress,
  flag: string,
  inherited: ReadonlyMap<ListenAddress, InheritedSocket>,
  binder: () => Binder,
): Promise<HeldSocket> {
  const given = inherited.get(address);
  if (given !== undefined) {
    return { address, handle: given, release: () => closeSync(given.fd) };
  }
  const { handle, port } = await binder().bind(address, flag);
  const release = () => handle.close();
  if (address.port !== 0) return { address, handle, release };
  const real = new URL(address.url);
  real.port = String(port);
  return { address: { ...address, url: real.origin, port }, handle, release };
}

/** Where every socket was handed in no process is needed. */
function startLate<T>(start: () => T): { get: () => T; started: () => T | undefined } {
  let value: T | undefined;
  return {
    get: () => {
      value ??= start();
      return value;
    },
    started: () => value,
  };
}
