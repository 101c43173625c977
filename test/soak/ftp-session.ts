import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expectReply, type FtpReply, ReplyReader } from '../support/ftp-reply.ts';
import { processStat } from '../support/processes.ts';
import { type Fact, idle, now } from './log.ts';
import type { OpenChange, VisitorsLog } from './visitors-log.ts';
import { type Identity, isAlive, type Watcher } from './watcher.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
  /** The daemon's master process. */
  readonly master: number;
}

export type Ending = 'quit' | 'drop' | 'kill';

/** A change that this session has begun. */
export interface Begun {
  /** It is done by now. */
  done(): void;
}

/** One FTP connection whose every change is logged. */
export class FtpSession {
  readonly number: number;
  readonly control: Socket;
  readonly #replies = new ReplyReader();
  readonly #log: VisitorsLog;
  readonly #watcher: Watcher;
  readonly #master: number;
  readonly #end = new AbortController();
  /** In the order of their beginnings. */
  readonly #begun: { readonly change: OpenChange; readonly fact: Fact }[] = [];
  #identity: Identity | undefined;
  #gone: Promise<void> | undefined;

  constructor(number: number, control: Socket, place: Place, log: VisitorsLog, watcher: Watcher) {
    this.number = number;
    this.control = control;
    this.#master = place.master;
    this.#log = log;
    this.#watcher = watcher;
    this.#replies.attach(control);
  }

  /** Aborted when the session is about to end: nothing is to be waited for any more. */
  get ending(): AbortSignal {
    return this.#end.signal;
  }

  /** Logs that it has been connected, and served by this process, since that moment. */
  isServedBy(identity: Identity, connected: OpenChange, since: number): void {
    this.#identity = identity;
    const { localAddress = '', localPort = 0, remotePort = 0 } = this.control;
    const { pid } = identity;
    connected.close(
      {
        kind: 'connected',
        pid,
        remoteAddress: localAddress,
        remotePort: localPort,
        localPort: remotePort,
      },
      since,
    );
  }

  /** To be called before a change's cause is sent. */
  begin(fact: Fact): Begun {
    this.ending.throwIfAborted();
    const begun = { change: this.#log.open(this.number), fact };
    this.#begun.push(begun);
    return {
      done: () => {
        begun.change.close(fact);
        const at = this.#begun.indexOf(begun);
        if (at >= 0) this.#begun.splice(at, 1);
      },
    };
  }

  async command(line: string | Buffer): Promise<FtpReply> {
    this.ending.throwIfAborted();
    this.control.write(Buffer.concat([Buffer.from(line), Buffer.from('\r\n')]));
    return await this.#replies.next();
  }

  async nextReply(): Promise<FtpReply> {
    return await this.#replies.next();
  }

  /**
   * Ends the session in this way, whatever it is doing, and resolves when its process is gone. What
   * it had begun may have taken effect until then or not at all; a daemon that loses its client may
   * still come back from a transfer.
   */
  end(how: Ending): Promise<void> {
    this.#gone ??= this.#leave(how);
    return this.#gone;
  }

  async #leave(how: Ending): Promise<void> {
    const identity = this.#identity;
    if (identity === undefined) {
      this.control.destroy();
      return;
    }
    if (how !== 'kill') this.begin({ kind: 'doing', activity: idle });
    this.begin({ kind: 'ended' });
    this.#end.abort(new Error('The session ends'));
    if (how === 'quit') this.control.write('QUIT\r\n');
    if (how === 'drop') this.control.resetAndDestroy();
    if (how === 'kill') this.#kill(identity);
    const at = await this.#watcher.gone(identity);
    for (const { change, fact } of this.#begun.splice(0)) change.close(fact, at);
    this.control.destroy();
  }

  /** Only ever a living child of this daemon's master that is this very session. */
  #kill(identity: Identity): void {
    if (!isAlive(identity) || processStat(identity.pid)?.parent !== this.#master) {
      throw new Error(`Process ${identity.pid} is not this daemon’s session`);
    }
    process.kill(identity.pid, 'SIGKILL');
  }
}

/** Connects from this address; resolves when it is greeted and its process is known. */
export async function connectSession(
  number: number,
  address: string,
  place: Place,
  log: VisitorsLog,
  watcher: Watcher,
): Promise<FtpSession> {
  const connected = log.open(number);
  const { host, port } = place;
  const control = connect({ host, port, localAddress: address });
  const session = new FtpSession(number, control, place, log, watcher);
  await once(control, 'connect');
  expectReply(await session.nextReply(), 220);
  const printedAt = now();
  session.isServedBy(await watcher.identify(control), connected, printedAt);
  return session;
}
