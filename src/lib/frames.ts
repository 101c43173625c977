import type { Duplex, Readable } from 'node:stream';

const headerBytes = 4;

/** Bytes on the channel that are no frame; the side that sent them cannot be talked to any more. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** Sends one frame in one write: its length in bytes (32 bits, big-endian), then JSON in UTF-8. */
export function sendFrame(stream: Duplex, json: string): void {
  const length = Buffer.byteLength(json);
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame.writeUInt32BE(length);
  frame.write(json, headerBytes);
  stream.write(frame);
}

/** Sends a frame of JSON in one write: a text, then bytes that are passed on unread, then "}". */
export function sendRawReply(stream: Duplex, head: string, json: Buffer): void {
  const headLength = Buffer.byteLength(head);
  const start = Buffer.allocUnsafe(headerBytes + headLength);
  start.writeUInt32BE(headLength + json.length + 1);
  start.write(head, headerBytes);
  stream.cork();
  stream.write(start);
  stream.write(json);
  stream.write(end);
  stream.uncork();
}

const end = Buffer.from('}');

export interface ByteFrameHandlers {
  /** The bytes are the receiver's to keep. */
  readonly onFrame: (frame: Buffer) => void;
  /** Called once, for the first bytes that are no frame; nothing is read after it. */
  readonly onFault: (error: FrameError) => void;
}

export interface FrameHandlers {
  readonly onValue: (value: unknown) => void;
  /** Called once, for the first bytes that are no frame; nothing is read after it. */
  readonly onFault: (error: FrameError) => void;
}

/** Reads frames of JSON of at most `limit` bytes. */
export function receiveFrames(stream: Duplex, limit: number, handlers: FrameHandlers): void {
  const { onValue, onFault } = handlers;
  receiveByteFrames(stream, limit, { onFrame: (frame) => onValue(parse(frame)), onFault });
}

/**
 * Reads frames of at most `limit` bytes. A longer one is refused by its header, so nobody can make
 * this side keep more than that.
 */
export function receiveByteFrames(
  stream: Readable,
  limit: number,
  handlers: ByteFrameHandlers,
): void {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let expected: number | null = null;

  function take(count: number): Buffer {
    const all = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    chunks = [all.subarray(count)];
    bytes -= count;
    return all.subarray(0, count);
  }

  /** The next whole frame, or null while there is none. */
  function next(): Buffer | null {
    if (expected === null) {
      if (bytes < headerBytes) return null;
      expected = take(headerBytes).readUInt32BE();
      if (expected > limit) throw new FrameError(`a frame of ${expected} bytes`);
    }
    if (bytes < expected) return null;
    const frame = take(expected);
    expected = null;
    return frame;
  }

  function onData(chunk: Buffer): void {
    chunks.push(chunk);
    bytes += chunk.length;
    try {
      for (let frame = next(); frame !== null; frame = next()) handlers.onFrame(frame);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      stream.off('data', onData);
      handlers.onFault(error);
    }
  }
  stream.on('data', onData);
}

function parse(frame: Buffer): unknown {
  try {
    return JSON.parse(frame.toString('utf8'));
  } catch {
    throw new FrameError('a frame that is not JSON');
  }
}
