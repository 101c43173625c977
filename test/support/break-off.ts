import type { Socket } from 'node:net';

/**
 * Breaks a TCP connection off by a reset. libuv refuses that to one whose end is just being sent
 * (uv_tcp_close_reset), and Node.js then never closes it, nor ends itself: such a one is closed.
 */
export function breakOff(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
