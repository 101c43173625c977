import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Place } from '../channel/ask.ts';

/** A connection of a client that writes its own bytes. */
export interface RawClient {
  readonly socket: Socket;
  /** The HTTP statuses that have come so far, in order. */
  statuses(): readonly number[];
  /** All that has come so far. */
  text(): string;
  isOpen(): boolean;
}

/** Connects from a source address of 127.0.0.0/8; the connection goes with the test. */
export async function connectFrom(
  t: TestContext,
  { url }: Pick<Place, 'url'>,
  localAddress: string,
): Promise<RawClient> {
  const port = Number(new URL(url).port);
  const socket = connect({ host: '127.0.0.1', port, localAddress }).on('error', () => {});
  t.after(() => socket.destroy());
  let text = '';
  const statuses: number[] = [];
  const statusLine = /HTTP\/1\.1 (\d{3})/g;
  let searched = 0;
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    statusLine.lastIndex = searched;
    for (let found = statusLine.exec(text); found !== null; found = statusLine.exec(text)) {
      statuses.push(Number(found[1]));
      searched = statusLine.lastIndex;
    }
    // The beginning of one may have come.
    searched = Math.max(searched, text.length - 'HTTP/1.1 2'.length - 1);
  });
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  return {
    socket,
    statuses: () => statuses,
    text: () => text,
    isOpen: () => !socket.closed && !socket.readableEnded,
  };
}

/** The bytes of a question with a name and a password. */
export function question(user: string, password: string): string {
  const credentials = Buffer.from(`${user}:${password}`).toString('base64');
  const head = ['GET /execute/Ftp/list_sessions HTTP/1.1', 'Host: x'];
  return `${[...head, `Authorization: Basic ${credentials}`].join('\r\n')}\r\n\r\n`;
}
