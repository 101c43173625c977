import type { Server, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/**
 * Follows a server's connections; the function it returns ends those that have not brought a byte of
 * a request. Node counts such a connection as busy until the time for headers is over, so a
 * browser's spare connection or an unfinished handshake would hold up a stop for as long.
 */
export function followConnections(server: Server, isTls: boolean): () => void {
  const open = new Map<string, Socket>();
  const follow = (socket: Socket) => {
    const peer = [socket.remoteAddress, socket.remotePort, socket.localAddress].join(' ');
    open.set(peer, socket);
    socket.once('close', () => {
      if (open.get(peer) === socket) open.delete(peer);
    });
  };
  server.on('connection', follow);
  // A finished handshake puts the TLS socket in the place of the TCP socket under it.
  server.on('secureConnection', follow);

  const isSilent = (socket: Socket) =>
    isTls && !(socket instanceof TLSSocket) ? true : socket.bytesRead === 0;
  return () => {
    for (const socket of [...open.values()].filter(isSilent)) socket.destroy();
  };
}
