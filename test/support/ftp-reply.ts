import type { Socket } from 'node:net';

/** A reply of an FTP server (RFC 959, 4.2). */
export interface FtpReply {
  readonly code: number;
  /** All its lines, one character a byte (Latin-1). */
  readonly text: string;
}

/** Reads the replies that arrive on a control connection, in order. */
export class ReplyReader {
  #received = '';
  readonly #replies: FtpReply[] = [];
  readonly #waiting: { resolve(reply: FtpReply): void; reject(error: Error): void }[] = [];
  #failure: Error | undefined;

  /** Reads this socket from now on; after AUTH TLS that is the encrypted one. */
  attach(socket: Socket): void {
    socket.on('data', (bytes: Buffer) => this.#take(bytes.toString('latin1')));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('The FTP server closed the connection')));
  }

  /** Stops reading a socket: what it carries from now on is no plain text. */
  detach(socket: Socket): void {
    socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error');
  }

  /** The next reply, preliminary ones too; rejects when the connection ends or is mute instead. */
  next(): Promise<FtpReply> {
    const reply = this.#replies.shift();
    if (reply !== undefined) {
      return Promise.resolve(reply);
    }
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure);
    }
    return new Promise((resolve, reject) => {
      const mute = () => this.#fail(new Error('The FTP server did not reply within 60 s'));
      const timer = setTimeout(mute, 60_000);
      this.#waiting.push({
        resolve(value) {
          clearTimeout(timer);
          resolve(value);
        },
        reject(error) {
          clearTimeout(timer);
          reject(error);
        },
      });
    });
  }

  /** A reply ends with the first line that has its code and a space after it. */
  #take(text: string): void {
    this.#received += text;
    for (;;) {
      const reply = /^(?:(\d{3})-[\s\S]*?\r\n\1 |(\d{3}) )[^\r\n]*\r\n/.exec(this.#received);
      if (reply === null) {
        return;
      }
      this.#received = this.#received.slice(reply[0].length);
      this.#deliver({ code: Number(reply[1] ?? reply[2]), text: reply[0] });
    }
  }

  #deliver(reply: FtpReply): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) {
      this.#replies.push(reply);
    } else {
      waiter.resolve(reply);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiter of this.#waiting.splice(0)) {
      waiter.reject(this.#failure);
    }
  }
}

/** Returns the reply when it has one of these codes, throws what the server said otherwise. */
export function expectReply(reply: FtpReply, ...codes: readonly number[]): FtpReply {
  if (!codes.includes(reply.code)) {
    throw new Error(`Expected ${codes.join(' or ')}, the FTP server said: ${reply.text.trim()}`);
  }
  return reply;
}
