import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** The first line of a good answer. */
export const good = 'HTTP/1.1 200 OK';

/** Connects and asks for /healthz; resolves to the answer's first line, or to what went wrong. */
export async function exchange(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(60_000, () => socket.destroy(new Error('no answer within 60 s')));
  try {
    await once(socket, 'connect');
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    return (await text(socket)).split('\r\n')[0] || 'closed without an answer';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
