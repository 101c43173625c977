import type { Server as HttpServer, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface Connections {
  /**
   * Ends those that have not brought a byte of a request. Node counts such a connection as busy until
   * the time for headers is over, so a browser's spare connection or an unfinished handshake would
   * hold up a stop for as long.
   */
  endSilent(): void;
}

/**
 * Follows a server's connections and holds it to so many of them. One that comes in above that ends
 * the one that has been without a request for the longest time, or else the one whose request takes
 * longest: so whoever holds connections open makes room for those who want something.
 */
export function followConnections(server: HttpServer, isTls: boolean, most: number): Connections {
  /** By peer; who has had an answer last stands last. */
  const open = new Map<string, Socket>();
  /** How many requests of a peer have no answer yet. */
  const busy = new Map<string, number>();

  const follow = (socket: Socket) => {
    const peer = peerOf(socket);
    if (open.size >= most && !open.has(peer)) makeRoom(open, busy);
    open.set(peer, socket);
    socket.once('close', () => {
      if (open.get(peer) !== socket) return;
      open.delete(peer);
      busy.delete(peer);
    });
  };
  server.on('connection', follow);
  // A finished handshake puts the TLS socket in the place of the TCP socket under it.
  server.on('secureConnection', follow);
  // One function for all: a response closes but once, and a closure for each costs every request.
  function release(this: ServerResponse): void {
    const { socket } = this.req;
    const peer = peerOf(socket);
    const left = (busy.get(peer) ?? 0) - 1;
    if (left > 0) busy.set(peer, left);
    else busy.delete(peer);
    if (open.delete(peer) && !socket.destroyed) open.set(peer, socket);
  }
  server.on('request', ({ socket }, response) => {
    const peer = peerOf(socket);
    busy.set(peer, (busy.get(peer) ?? 0) + 1);
    response.on('close', release);
  });

  const isSilent = (socket: Socket) =>
    isTls && !(socket instanceof TLSSocket) ? true : socket.bytesRead === 0;
  return {
    endSilent: () => {
      for (const socket of [...open.values()].filter(isSilent)) socket.destroy();
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

function makeRoom(open: Map<string, Socket>, busy: ReadonlyMap<string, number>): void {
  let oldest: string | undefined;
  for (const peer of open.keys()) {
    oldest ??= peer;
    if (busy.has(peer)) continue;
    oldest = peer;
    break;
  }
  if (oldest === undefined) return;
  open.get(oldest)?.destroy();
  open.delete(oldest);
}
