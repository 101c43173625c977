import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import { type KeyPair, type KeyPairSource, minVersion } from './key-pair.ts';

/** More than the slowest link needs; Node's own two minutes would let strangers hold connections. */
const handshakeTimeout = 10_000;

/**
 * An https server whose every new connection gets the pair that the source has by then. Connections
 * that exist stay as they are. `limits` are Node's options for servers. `onPlainHttp` answers a
 * connection that speaks HTTP without TLS, and ends it.
 */
export function createHttpsServer(
  source: KeyPairSource,
  limits: ServerOptions,
  onRequest: RequestListener,
  onPlainHttp: (error: Error, socket: Socket) => void,
): Server {
  let used = source.current();
  const server = createServer(
    { handshakeTimeout, ...limits, ALPNProtocols: ['http/1.1'], ...contextOptions(used) },
    onRequest,
  );
  /** Those whose handshake is not over, by the other side's address and port. */
  const waiting = new Map<string, Socket>();
  // Comes before the listener of Node's that begins the handshake.
  server.prependListener('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    waiting.set(peer, socket);
    socket.once('close', () => {
      if (waiting.get(peer) === socket) waiting.delete(peer);
    });
    const pair = source.current();
    if (pair === used) return;
    server.setSecureContext(contextOptions(pair));
    used = pair;
  });
  server.on('secureConnection', (socket) => waiting.delete(peerOf(socket)));
  server.prependListener('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const plain = error.code === 'ERR_SSL_HTTP_REQUEST' ? waiting.get(peerOf(socket)) : undefined;
    // Another handshake that has failed leaves nobody to answer, and one that timed out is still open.
    if (plain === undefined) socket.destroy();
    else onPlainHttp(error, plain);
  });
  return server;
}

function peerOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}

/** A new context starts from Node's defaults, so it takes all of this every time. */
function contextOptions({ cert, key }: KeyPair) {
  return { cert, key, minVersion } as const;
}
