import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What came for a request; its body is counted and not kept. */
export interface Outcome {
  readonly status: number;
  readonly bodyBytes: number;
}

const readBytes = 256 * 1024;

/**
 * A keep-alive connection that does as little as possible: on a machine with few cores the client's
 * work would be measured along with the server's. Reads answers that state their length, as all do
 * here.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #head = Buffer.alloc(0);
  #status = 0;
  #bodyBytes = 0;
  /** Bytes of the body that are still to come; null while the head is. */
  #left: number | null = null;
  #waiting: { resolve(outcome: Outcome): void; reject(error: Error): void } | undefined;

  private constructor(port: number) {
    const buffer = Buffer.allocUnsafe(readBytes);
    const callback = (count: number, bytes: Uint8Array) => {
      this.#take(Buffer.from(bytes.buffer, bytes.byteOffset, count));
      return true;
    };
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: { buffer, callback },
    });
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('The server closed the connection')));
  }

  /** Connects to a port of 127.0.0.1. */
  static async open(port: number): Promise<HttpConnection> {
    const connection = new HttpConnection(port);
    await once(connection.#socket, 'connect');
    return connection;
  }

  /** Sends the text of a request and resolves when the whole answer has come. */
  request(text: string): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(text, 'latin1');
    });
  }

  /** A request that is still unanswered rejects with the reason. */
  close(reason = new Error('The connection was closed')): void {
    this.#fail(reason);
  }

  #take(bytes: Buffer): void {
    if (this.#left === null) {
      this.#takeHead(bytes);
    } else {
      this.#left -= bytes.length;
    }
    if (this.#left === 0) {
      this.#left = null;
      this.#waiting?.resolve({ status: this.#status, bodyBytes: this.#bodyBytes });
    }
  }

  #takeHead(bytes: Buffer): void {
    // A copy where it is kept: the next read overwrites these bytes.
    const head = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) {
      this.#head = Buffer.from(head);
      return;
    }
    this.#head = Buffer.alloc(0);
    const text = head.toString('latin1', 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
    if (length === undefined) {
      this.#fail(new Error(`An answer without its length: ${text}`));
      return;
    }
    this.#status = Number(text.slice(9, 12));
    this.#bodyBytes = Number(length);
    this.#left = this.#bodyBytes - (head.length - end - 4);
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    this.#socket.destroy();
  }
}

/** The text of a GET with Basic authentication (RFC 7617). */
export function getRequest(target: string, account: Account): string {
  const credentials = Buffer.from(`${account.name}:${account.password}`).toString('base64');
  const lines = [
    'Host: 127.0.0.1',
    'Accept: application/json',
    `Authorization: Basic ${credentials}`,
  ];
  return `GET ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

export interface Account {
  readonly name: string;
  readonly password: string;
}
