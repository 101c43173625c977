import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { normalAddress, throttleKey } from '../lib/client-address.ts';
import { type Connection, createShares } from './connection-shares.ts';
import { isLetIn } from './let-in.ts';

export interface Connections {
  /**
   * Ends those that wait for a next request, and none that has yet to bring its first: Node.js 26
   * counts these as idle too, where Node.js 20 does not.
   */
  endIdle(): void;
  /**
   * Ends those that have not brought a byte of a request. Node counts such a connection as busy until
   * the time for headers is over, so a browser's spare connection or an unfinished handshake would
   * hold up a stop for as long.
   */
  endSilent(): void;
}

export interface FollowLimits {
  /** Connections at a time. */
  readonly maxConnections: number;
  /** How long a stranger's body may take to arrive behind its headers, in ms. */
  readonly strangersMs: number;
}

/** As many clients as may keep their whole share of connections that were let in. */
const sharers = 64;

/** At least so often what is late is looked for. */
const sweepMs = 1_000;

/**
 * Follows a server's connections and holds it to so many of them. One that comes in above that makes
 * the client give up one that has most: an address, of IPv6 a /64. Ends those that take too long to
 * bring the body of a request that nobody has shown credentials for.
 */
export function followConnections(
  server: Server,
  isTls: boolean,
  { maxConnections, strangersMs }: FollowLimits,
): Connections {
  const shares = createShares(Math.max(1, Math.floor(maxConnections / sharers)));
  const byPeer = new Map<string, Connection>();
  const bySocket = new WeakMap<Socket, Connection>();
  const late = createLateness(server, strangersMs);

  const follow = (socket: Socket) => {
    const peer = peerOf(socket);
    let connection = byPeer.get(peer);
    if (connection === undefined) {
      if (shares.size >= maxConnections) makeRoom();
      connection = shares.add(clientOf(socket), socket);
      byPeer.set(peer, connection);
    }
    const followed = connection;
    followed.socket = socket;
    bySocket.set(socket, followed);
    socket.once('close', () => {
      if (followed.socket === socket) forget(peer, followed);
    });
  };

  function forget(peer: string, connection: Connection): void {
    shares.remove(connection);
    if (byPeer.get(peer) === connection) byPeer.delete(peer);
  }

  function makeRoom(): void {
    let connection = shares.first();
    // That it was let in need not have been noted before its first answer is out.
    while (connection !== undefined && !connection.isLetIn && isLetIn(connection.socket)) {
      shares.letIn(connection);
      connection = shares.first();
    }
    if (connection === undefined) return;
    forget(peerOf(connection.socket), connection);
    connection.socket.destroy();
  }

  server.on('connection', follow);
  // A finished handshake puts the TLS socket in the place of the TCP socket under it.
  server.on('secureConnection', follow);
  // One function for all: a response closes but once, and a closure for each costs every request.
  function release(this: ServerResponse): void {
    const connection = bySocket.get(this.req.socket);
    if (connection === undefined) return;
    connection.requests -= 1;
    if (!connection.isLetIn && isLetIn(connection.socket)) shares.letIn(connection);
    else shares.moveToEnd(connection);
  }
  server.on('request', (request, response) => {
    const connection = bySocket.get(request.socket);
    if (connection === undefined) return;
    connection.requests += 1;
    if (!connection.isLetIn) late.record(connection, request, response);
    response.on('close', release);
  });
  const sweep = setInterval(
    () => {
      for (const connection of shares.all()) late.check(connection);
    },
    Math.min(sweepMs, strangersMs),
  ).unref();
  server.once('close', () => clearInterval(sweep));

  const isSilent = (socket: Socket) =>
    isTls && !(socket instanceof TLSSocket) ? true : socket.bytesRead === 0;
  return {
    endIdle: () => {
      const spared = [...shares.all()].map(({ socket }) => socket).filter(isSilent);
      for (const socket of spared) socket.destroy = () => socket;
      Server.prototype.closeIdleConnections.call(server);
      // What is left is the method of the prototype.
      for (const socket of spared) Reflect.deleteProperty(socket, 'destroy');
    },
    endSilent: () => {
      for (const { socket } of [...shares.all()]) if (isSilent(socket)) socket.destroy();
    },
  };
}

interface Latest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly since: number;
}

/** Ends what takes too long, when `check` comes to it. */
function createLateness(server: Server, strangersMs: number) {
  /** A stranger's latest request. */
  const latest = new WeakMap<Connection, Latest>();
  /** Connections that this side has ended, as of the last check. */
  const ended = new WeakSet<Connection>();

  function endLate({ socket }: Connection, response: ServerResponse): void {
    if (response.headersSent) {
      socket.destroy();
      return;
    }
    const error = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    server.emit('clientError', error, socket);
  }

  return {
    record(connection: Connection, request: IncomingMessage, response: ServerResponse): void {
      latest.set(connection, { request, response, since: performance.now() });
    },

    check(connection: Connection): void {
      const { socket } = connection;
      if (socket.writableEnded) {
        // The other side has had time to read why, and need not end its own half ever.
        if (ended.has(connection)) socket.destroy();
        ended.add(connection);
        return;
      }
      if (connection.isLetIn) return;
      const last = latest.get(connection);
      if (last === undefined || last.request.complete || isLetIn(socket)) return;
      if (performance.now() - last.since >= strangersMs) endLate(connection, last.response);
    },
  };
}

const peers = new WeakMap<Socket, string>();

/** A name of the connection, the same for the TLS socket and the TCP socket under it. */
function peerOf(socket: Socket): string {
  const known = peers.get(socket);
  if (known !== undefined) return known;
  const { remoteAddress, remotePort, localAddress } = socket;
  const peer = `${remoteAddress} ${remotePort} ${localAddress}`;
  peers.set(socket, peer);
  return peer;
}

/** Whose share a connection takes. */
function clientOf({ remoteAddress }: Socket): string {
  return throttleKey(normalAddress(remoteAddress ?? '') ?? 'unknown');
}
