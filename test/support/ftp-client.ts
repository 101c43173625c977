import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { breakOff } from './break-off.ts';
import { expectReply, type FtpReply, ReplyReader } from './ftp-reply.ts';
import { type DataConnection, type FtpTransfer, receive, send } from './ftp-transfer.ts';
import { holdersOfSocket, ticksSinceBoot } from './processes.ts';
import { sidesOf } from './tcp-connections.ts';
import { until } from './until.ts';

export type { FtpReply } from './ftp-reply.ts';
export type { FtpTransfer } from './ftp-transfer.ts';

export interface FtpConnectOptions {
  readonly host: string;
  readonly port: number;
  /** True for AUTH TLS and PROT P (RFC 4217); the certificate is not checked. */
  readonly tls?: boolean;
  /** The address to connect from, e.g. 127.0.0.5. */
  readonly localAddress?: string;
  /** The port to connect from; a free one unless given. */
  readonly localPort?: number;
}

/** Connects and waits for the greeting, and for TLS when that is wanted; does not log in. */
export async function connectFtp(options: FtpConnectOptions): Promise<FtpClient> {
  const { host, port, localAddress, localPort } = options;
  const begunAt = ticksSinceBoot();
  const socket = connect({
    host,
    port,
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(localPort === undefined ? {} : { localPort }),
  });
  const client = new FtpClient(socket, begunAt);
  expectReply(await client.nextReply(), 220);
  if (options.tls === true) {
    await client.startTls();
  }
  return client;
}

/** An FTP client whose every step the test takes itself. Names and commands may be any bytes. */
export class FtpClient {
  readonly #tcp: Socket;
  readonly #begunAt: number;
  readonly #replies = new ReplyReader();
  /** The data connections that are open. */
  readonly #data = new Set<Socket>();
  #control: Socket;
  #tls: TLSSocket | undefined;

  /** `begunAt`, in clock ticks since boot, is no later than the connection. */
  constructor(socket: Socket, begunAt: number) {
    this.#tcp = socket;
    this.#begunAt = begunAt;
    this.#control = socket;
    this.#replies.attach(socket);
  }

  /** The client's own port of the control connection, which the server knows as the peer's. */
  get localPort(): number {
    return this.#tcp.localPort ?? 0;
  }

  /** Sends a command line, given without its CRLF, and resolves to the next reply. */
  async command(line: string | Uint8Array): Promise<FtpReply> {
    this.#control.write(Buffer.concat([Buffer.from(line), Buffer.from('\r\n')]));
    return await this.#replies.next();
  }

  /** The next reply, e.g. the one that follows a preliminary one. */
  async nextReply(): Promise<FtpReply> {
    return await this.#replies.next();
  }

  /** Leaves replies unread until `resume`, so that a long one keeps the server waiting. */
  pause(): void {
    this.#control.pause();
  }

  resume(): void {
    this.#control.resume();
  }

  /** Logs in and switches to binary transfers; rejects when the server refuses. */
  async login(name: string | Uint8Array, password: string): Promise<FtpReply> {
    const user = Buffer.concat([Buffer.from('USER '), Buffer.from(name)]);
    expectReply(await this.command(user), 331);
    const reply = expectReply(await this.command(`PASS ${password}`), 230);
    expectReply(await this.command('TYPE I'), 200);
    return reply;
  }

  /**
   * Starts a download; resolves once its first bytes have come. `offset` skips bytes (REST); of a slow
   * client it takes so many bytes a second and no more.
   */
  async startDownload(
    name: string | Uint8Array,
    options: { readonly offset?: number; readonly bytesPerSecond?: number } = {},
  ): Promise<FtpTransfer> {
    if (options.offset !== undefined) {
      expectReply(await this.command(`REST ${options.offset}`), 350);
    }
    const data = await this.#openData('RETR ', name);
    return await receive(data, this.#replies, options.bytesPerSecond);
  }

  /**
   * Starts an upload; resolves once the server reads it. It goes on until `finish` or `abort`: with `bytes` it sends that many and
   * then keeps the connection open, without it keeps sending.
   */
  async startUpload(
    name: string | Uint8Array,
    options: { readonly bytes?: number; readonly command?: 'STOR' | 'APPE' } = {},
  ): Promise<FtpTransfer> {
    const data = await this.#openData(`${options.command ?? 'STOR'} `, name);
    return await send(data, this.#replies, options.bytes ?? Number.POSITIVE_INFINITY);
  }

  /** The names in a folder of the server, one character a byte; goes through a data connection. */
  async list(name = ''): Promise<string[]> {
    const data = await this.#openData('NLST ', name);
    const chunks: Buffer[] = await data.stream.toArray();
    expectReply(await this.#replies.next(), 226);
    return Buffer.concat(chunks).toString('latin1').split('\r\n').filter(Boolean);
  }

  /**
   * The pid of the server's process for this connection, taken from who holds its socket; needs
   * root. A (PRIV) helper holds it too, if at all, as a child of the one that is wanted; the
   * master, which is older than the connection, until it closes its copy, which can be after the login.
   */
  async sessionPid(): Promise<number> {
    const session = await until(
      () => {
        const { theirs } = sidesOf(this.#tcp);
        if (theirs === undefined) return undefined;
        const holders = holdersOfSocket(theirs.inode, this.#begunAt);
        return holders.find(({ parent }) => holders.every(({ pid }) => pid !== parent));
      },
      { what: `a process holds the connection from port ${this.localPort}` },
    );
    return session.pid;
  }

  /** Says QUIT and resolves once the server has closed the connection. */
  async quit(): Promise<void> {
    const closed = once(this.#tcp, 'close');
    // It is awaited later, if the reply comes at all.
    closed.catch(() => {});
    expectReply(await this.command('QUIT'), 221);
    this.#control.end();
    await closed;
  }

  /**
   * Breaks the connection off without a word, and its transfer: a daemon serves that to its end, whatever
   * has become of the control connection, and would keep the session for as long.
   */
  destroy(): void {
    this.#control.destroy();
    this.#tcp.destroy();
    for (const data of this.#data) breakOff(data);
  }

  /** Goes over to TLS, for data connections too. */
  async startTls(): Promise<void> {
    expectReply(await this.command('AUTH TLS'), 234);
    this.#replies.detach(this.#tcp);
    this.#tls = await secure(this.#tcp);
    this.#control = this.#tls;
    this.#replies.attach(this.#tls);
    expectReply(await this.command('PBSZ 0'), 200);
    expectReply(await this.command('PROT P'), 200);
  }

  /** Opens a passive data connection (EPSV, RFC 2428) and gives the command that uses it. */
  async #openData(command: string, name: string | Uint8Array): Promise<DataConnection> {
    const passive = expectReply(await this.command('EPSV'), 229);
    const port = Number(/\(\|\|\|(\d+)\|\)/.exec(passive.text)?.[1]);
    const host = this.#tcp.remoteAddress ?? '';
    const tcp = connect({ host, port, localAddress: this.#tcp.localAddress ?? '' });
    tcp.on('error', () => undefined);
    this.#data.add(tcp);
    tcp.once('close', () => this.#data.delete(tcp));
    await once(tcp, 'connect');
    const line = Buffer.concat([Buffer.from(command), Buffer.from(name)]);
    expectReply(await this.command(line), 125, 150);
    return { tcp, stream: this.#tls === undefined ? tcp : await secure(tcp, this.#tls) };
  }
}

/** A TLS client on this socket; servers may demand that data connections resume the session. */
async function secure(socket: Socket, control?: TLSSocket): Promise<TLSSocket> {
  const session = control?.getSession();
  const options = { socket, rejectUnauthorized: false };
  const tls = connectTls(session === undefined ? options : { ...options, session });
  tls.on('error', () => undefined);
  await once(tls, 'secureConnect');
  return tls;
}
