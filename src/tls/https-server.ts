import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { type KeyPair, type KeyPairSource, minVersion } from './key-pair.ts';

/** More than the slowest link needs; Node's own two minutes would let strangers hold connections. */
const handshakeTimeout = 10_000;

/**
 * An https server whose every new connection gets the pair that the source has by then. Connections
 * that exist stay as they are. `limits` are Node's options for servers.
 */
export function createHttpsServer(
  source: KeyPairSource,
  limits: ServerOptions,
  onRequest: RequestListener,
): Server {
  let used = source.current();
  const server = createServer(
    { handshakeTimeout, ...limits, ALPNProtocols: ['http/1.1'], ...contextOptions(used) },
    onRequest,
  );
  // Comes before the listener of Node's that begins the handshake.
  server.prependListener('connection', () => {
    const pair = source.current();
    if (pair === used) return;
    server.setSecureContext(contextOptions(pair));
    used = pair;
  });
  // A handshake that has failed leaves nobody to answer, and one that timed out is still open.
  server.prependListener('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

/** A new context starts from Node's defaults, so it takes all of this every time. */
function contextOptions({ cert, key }: KeyPair) {
  return { cert, key, minVersion } as const;
}
