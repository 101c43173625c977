import { type AddressInfo, createServer, type Server } from 'node:net';
import type { BindError } from './bind-error.ts';

/*
 * A process of its own that lives for the time of a start: it makes listening sockets, one for each
 * address that it is asked for, and sends them over its IPC channel. Node.js accepts on a socket as
 * soon as it polls it, and whatever has listened in a process is polled there for good. A handle that
 * comes over a channel is not. "listening" is told in the very turn in which the kernel begins to
 * listen, and the server is closed in it, so this process does not poll the socket either.
 */

/** What is asked for. */
export interface Wanted {
  readonly host: string;
  /** 0 stands for any free port. */
  readonly port: number;
}

/** The answer; the socket comes with the first form, as a handle. */
export type Bound = { readonly port: number } | { readonly error: BindError };

process.on('message', (wanted: Wanted) => {
  const server = createServer();
  server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
    answer({ error: { code, message } });
  });
  server.listen({ host: wanted.host, port: wanted.port }, () => {
    // A socket that is sent as a server would be listened on, and polled, where it comes in.
    const { _handle: handle } = server as unknown as { _handle: Server };
    answer({ port: (server.address() as AddressInfo).port }, handle);
    server.close();
  });
});

function answer(bound: Bound, handle?: Server): void {
  process.send?.(bound, handle);
}
