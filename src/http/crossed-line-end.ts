import { createServer, type RequestListener, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/*
 * A PHP example of the original's, copied into many scripts, ends its header with "\n\r" in place of
 * "\r\n", and curl adds its own "\r\n". What arrives is a GET whose head ends
 *
 *     Authorization: Basic …\n\r\r\n\r\n
 *
 * which Node.js refuses, rightly (RFC 9112, section 2.2). This one form is answered all the same: where
 * it is all that a connection has ever brought, so that nothing before it and nothing behind it can be
 * read in two ways. It is not parsed here: the line end is put right, and the strict parser reads it.
 */

const crossedEnd = Buffer.from('\n\r\r\n\r\n', 'latin1');

/** What only a request with a body has, or one that wants more than an answer. */
const refusedHeaders =
  /^(?:authorization|content-length|transfer-encoding|trailer|te|expect|upgrade)$/i;

/** What a "clientError" event tells of bytes that could not be parsed. */
export interface ParseError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
}

/**
 * Answers requests of that form, and nothing else: true when the error's bytes were one, on a socket
 * that has brought nothing more. `answer` and `limits` are those of the server that could not parse it,
 * `onError` its answer to what cannot be parsed. The connection ends behind the answer.
 */
export function answerCrossedLineEnds(
  limits: ServerOptions,
  answer: RequestListener,
  onError: (error: NodeJS.ErrnoException, socket: Socket) => void,
): (error: ParseError, socket: Socket) => boolean {
  // It never listens: it is given connections.
  const server = createServer(limits, answer).on('clientError', onError);
  const taken = new WeakSet<Socket>();
  return ({ rawPacket }, socket) => {
    // What comes behind has no meaning: it is dropped.
    if (taken.has(socket)) return true;
    if (rawPacket === undefined || socket.bytesRead !== rawPacket.length) return false;
    const mended = mendLineEnd(rawPacket);
    if (mended === null || !socket.writable) return false;
    taken.add(socket);
    server.emit('connection', new MendedConnection(socket, mended));
    return true;
  };
}

/** The same request with its line end put right, and one wish more; null for any other bytes. */
export function mendLineEnd(bytes: Buffer): Buffer | null {
  if (!bytes.subarray(-crossedEnd.length).equals(crossedEnd)) return null;
  const head = bytes.toString('latin1', 0, bytes.length - crossedEnd.length);
  const [requestLine = '', ...lines] = head.split('\r\n');
  const authorization = lines.pop() ?? '';
  if (!/^GET \/[!-~]* HTTP\/1\.1$/.test(requestLine)) return null;
  if (!/^Authorization: Basic [A-Za-z0-9+/]+={0,2}$/.test(authorization)) return null;
  if (!lines.every(isOtherHeader)) return null;
  const mended = [requestLine, ...lines, authorization, 'Connection: close', '', ''];
  return Buffer.from(mended.join('\r\n'), 'latin1');
}

function isOtherHeader(line: string): boolean {
  const [, name] = /^([!#$%&'*+.^`|~\w-]+):[\t\x20-\x7e\x80-\xff]*$/.exec(line) ?? [];
  return name !== undefined && !refusedHeaders.test(name);
}

/** A connection that brings those bytes, no others and no end; answers go out on the real one. */
class MendedConnection extends Duplex {
  readonly #socket: Socket;
  /** As TLSSocket has it, and not even undefined on plain connections: it is looked for. */
  declare readonly encrypted?: true;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;

  constructor(socket: Socket, bytes: Buffer) {
    super();
    this.#socket = socket;
    if ('encrypted' in socket) Object.assign(this, { encrypted: true });
    this.remoteAddress = socket.remoteAddress;
    this.remotePort = socket.remotePort;
    this.localAddress = socket.localAddress;
    this.localPort = socket.localPort;
    // Also when nothing has moved on it for too long.
    socket.once('close', () => this.destroy());
    this.push(bytes);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void) {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.destroySoon();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#socket.writableEnded) this.#socket.destroy();
    done(error);
  }
}
