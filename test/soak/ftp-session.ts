import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expectReply, type FtpReply, ReplyReader } from '../support/ftp-reply.ts';
import type { DaemonName } from '../support/host-daemons.ts';
import { processStat, titleOf } from '../support/processes.ts';
import { type Fact, idle, now } from './log.ts';
import type { OpenChange, VisitorsLog } from './visitors-log.ts';
import { type Identity, isAlive, type Watcher } from './watcher.ts';

export interface Place {
  readonly daemon: DaemonName;
  readonly host: string;
  readonly port: number;
  /** The daemon's master process. */
  readonly master: number;
}

export type Ending = 'quit' | 'drop' | 'kill';

/** Nothing here takes so long, be the machine ever so busy. */
const titlePatienceMs = 60_000;

/** A change that this session has begun. */
export interface Begun {
  /** It is done by now; `fact` where what it was has come out since. */
  done(fact?: Fact): void;
}

/** One FTP connection whose every change is logged. */
export class FtpSession {
  readonly number: number;
  readonly control: Socket;
  readonly #replies = new ReplyReader();
  readonly #log: VisitorsLog;
  readonly #watcher: Watcher;
  readonly daemon: DaemonName;
  readonly #master: number;
  readonly #end = new AbortController();
  /** In the order of their beginnings. */
  readonly #begun: { readonly change: OpenChange; readonly fact: Fact }[] = [];
  /** What the client has connected to. */
  #identity: Identity | undefined;
  /** What runs as the user that has logged in, where that is another process. */
  #own: Identity | undefined;
  #logsIn: Promise<void> | undefined;
  readonly #afterwards: (() => void)[] = [];
  #gone: Promise<void> | undefined;

  constructor(number: number, control: Socket, place: Place, log: VisitorsLog, watcher: Watcher) {
    this.number = number;
    this.control = control;
    this.daemon = place.daemon;
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
        daemon: this.daemon,
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
      done: (known = fact) => {
        begun.change.close(known);
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
   * Logs in by `work`. Where the session is a process of its own from then on, which has to be found
   * for the log, nothing ends it in between.
   */
  async logIn(work: () => Promise<void>): Promise<void> {
    const done = work();
    if (this.daemon === 'vsftpd') this.#logsIn = done;
    await done;
  }

  /** Finds the process that runs as the user: its pid, where it is another than it was. */
  async findOwn(uid: number): Promise<number | undefined> {
    if (this.daemon !== 'vsftpd' || this.#identity === undefined) return undefined;
    this.#own = await this.#watcher.childOf(this.#identity, uid, this.ending);
    return this.#own.pid;
  }

  /** Waits until the title says that no command runs: most daemons reply first, and then say so. */
  async waits(): Promise<void> {
    const { pid } = this.#own ?? this.#identity ?? { pid: 0 };
    if (this.daemon === 'pure-ftpd') return;
    const deadline = now() + titlePatienceMs;
    while (!titleOf(pid)?.endsWith(': IDLE')) {
      if (now() > deadline) throw new Error(`Process ${pid} is titled ${titleOf(pid)}`);
      await sleep(5, undefined, { signal: this.ending });
    }
  }

  /** Does this once the session's process is gone. */
  afterwards(work: () => void): void {
    this.#afterwards.push(work);
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

  async #leave(wanted: Ending): Promise<void> {
    const identity = this.#identity;
    if (identity === undefined) {
      this.control.destroy();
      return;
    }
    await this.#logsIn?.catch(() => undefined);
    // Of vsftpd the processes before a login do not end with one another.
    const how = wanted === 'kill' && this.#mayNotKill() ? 'drop' : wanted;
    if (how !== 'kill') this.begin({ kind: 'doing', activity: idle });
    this.begin({ kind: 'ended' });
    const reaping = this.#log.open(this.number);
    this.#end.abort(new Error('The session ends'));
    if (how === 'quit') this.control.write('QUIT\r\n');
    if (how === 'drop') this.control.resetAndDestroy();
    if (how === 'kill') this.#kill(this.#own ?? identity);
    const at = await this.#watcher.gone(this.#own ?? identity);
    for (const { change, fact } of this.#begun.splice(0)) change.close(fact, at);
    this.control.destroy();
    await this.#watcher.gone(identity);
    await this.#watcher.reaped(identity);
    reaping.close({ kind: 'reaped' });
    for (const work of this.#afterwards.splice(0)) work();
  }

  #mayNotKill(): boolean {
    return this.daemon === 'vsftpd' && this.#own === undefined;
  }

  /** Only ever a living process of this daemon's that is this very session. */
  #kill(identity: Identity): void {
    const parent = processStat(identity.pid)?.parent ?? 0;
    const above = this.#own === undefined ? parent : processStat(parent)?.parent;
    if (!isAlive(identity) || above !== this.#master) {
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
