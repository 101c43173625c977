import { once } from 'node:events';
import type { Socket } from 'node:net';
import { breakOff } from './break-off.ts';
import { expectReply, type FtpReply, type ReplyReader } from './ftp-reply.ts';
import { sidesOf } from './tcp-connections.ts';
import { until } from './until.ts';

/** A transfer under way. */
export interface FtpTransfer {
  /** Bytes received so far, or handed over for sending. */
  readonly bytes: number;
  /** Downloads to the end, or ends the upload here; resolves to the server's 226. */
  finish(): Promise<FtpReply>;
  /** Breaks the data connection off; resolves to the server's closing reply, whatever it is. */
  abort(): Promise<FtpReply>;
}

/** A data connection: the stream, and the TCP socket below it where that is another one. */
export interface DataConnection {
  readonly stream: Socket;
  readonly tcp: Socket;
}

/**
 * Takes what comes, so many bytes a second where that is given; resolves once the first bytes have
 * come, or the end of an empty file.
 */
export async function receive(
  data: DataConnection,
  replies: ReplyReader,
  bytesPerSecond?: number,
): Promise<FtpTransfer> {
  let bytes = 0;
  const closed = once(data.stream, 'close');
  const take = (chunk: Buffer | null) => {
    bytes += chunk?.length ?? 0;
  };
  if (bytesPerSecond === undefined) data.stream.on('data', take);
  else takeSlowly(data.stream, bytesPerSecond, take);
  const came = bytesPerSecond === undefined ? 'data' : 'readable';
  await Promise.race([once(data.stream, came), closed]);
  return {
    get bytes() {
      return bytes;
    },
    async finish() {
      await closed;
      return expectReply(await replies.next(), 226);
    },
    abort: () => abort(data, replies),
  };
}

/** As much as is due by then, in small pieces; what is not read yet stays in the system's buffers. */
function takeSlowly(stream: Socket, bytesPerSecond: number, take: (chunk: Buffer) => void): void {
  const began = performance.now();
  let bytes = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - began) / 1000) * bytesPerSecond - bytes;
    const chunk: Buffer | null =
      stream.read(Math.min(Math.floor(due), stream.readableLength)) ?? null;
    if (chunk === null) return;
    bytes += chunk.length;
    take(chunk);
  }, 20);
  stream.once('close', () => clearInterval(timer));
  // Without this nothing is read at all.
  stream.on('readable', () => {});
}

/**
 * Sends this many bytes and then keeps the connection open, or keeps sending 160 KB a second when
 * the number is infinite. Resolves once the server has read the first bytes: from then on it is
 * surely uploading, which its preliminary reply does not say yet.
 */
export async function send(
  data: DataConnection,
  replies: ReplyReader,
  wanted: number,
): Promise<FtpTransfer> {
  let bytes = 0;
  const sendSome = () => {
    const chunk = Buffer.alloc(Math.min(8_192, wanted - bytes), 'x');
    bytes += chunk.length;
    return new Promise((resolve) => data.stream.write(chunk, resolve));
  };
  const timer = setInterval(() => {
    if (bytes < wanted && !data.stream.destroyed && !data.stream.writableNeedDrain) {
      void sendSome();
    }
  }, 50);
  data.stream.once('close', () => clearInterval(timer));
  await sendSome();
  await until(() => nothingUnread(data.tcp), { what: 'the server reads the upload' });
  return {
    get bytes() {
      return bytes;
    },
    async finish() {
      clearInterval(timer);
      data.stream.end();
      return expectReply(await replies.next(), 226);
    },
    async abort() {
      clearInterval(timer);
      return await abort(data, replies);
    },
  };
}

/** True when all that was sent has arrived, and all that arrived has been read. */
function nothingUnread(tcp: Socket): boolean {
  const { ours, theirs } = sidesOf(tcp);
  return ours?.unsent === 0 && theirs?.unread === 0;
}

/** A reset, because a mere end would look like the end of an uploaded file. */
async function abort({ stream, tcp }: DataConnection, replies: ReplyReader): Promise<FtpReply> {
  breakOff(tcp);
  stream.destroy();
  return await replies.next();
}
