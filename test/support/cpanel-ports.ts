import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { listen } from '../../src/http/listeners.ts';
import { buildApp, type Services } from '../../src/worker/app.ts';
import { testServices } from './app.ts';
import { methodOf, parseAnswers, type RawAnswer } from './http.ts';
import { localPair } from './key-pairs.ts';
import { hasReadAll } from './tcp-connections.ts';
import { until } from './until.ts';

export const plainPorts = [2082, 2086] as const;
export const tlsPorts = [2083, 2087] as const;
export const cpanelPorts = [...plainPorts, ...tlsPorts] as const;
export const administratorPorts = [2086, 2087] as const;
export type CpanelPort = (typeof cpanelPorts)[number];

type Piece = string | Uint8Array | (() => void);

/** One application behind all four ports that clients hard-wire. */
export interface CpanelServer {
  /** A loopback address that nobody else listens on. */
  readonly host: string;
  /** The PEM text of the certificate of the TLS ports. */
  readonly certificate: string;
  /**
   * Sends the pieces over one connection, each when the server has read the one before, and resolves
   * to all that came until the server closed it. A piece that is a function is called in its turn.
   */
  exchange(port: CpanelPort, ...pieces: readonly Piece[]): Promise<Buffer>;
  /** The same for one request, which must ask for the connection's end. */
  send(port: CpanelPort, bytes: string | Uint8Array): Promise<RawAnswer>;
  close(): Promise<void>;
}

/** Serves the application on 2082 and 2086, and with TLS on 2083 and 2087. */
export async function startCpanelServer(
  services: Services = testServices(),
): Promise<CpanelServer> {
  const pair = await localPair();
  const app = await buildApp(services);
  const { host, listeners } = await open(app, { current: () => pair });
  const exchange = (port: CpanelPort, ...pieces: readonly Piece[]) =>
    exchangeBytes(host, port, pieces);
  return {
    host,
    certificate: pair.cert,
    exchange,
    send: async (port, bytes) => {
      const [answer, ...more] = parseAnswers(await exchange(port, bytes), [methodOf(bytes)]);
      if (answer === undefined || more.length > 0) throw new Error('not one answer came');
      return answer;
    },
    close: async () => {
      app.endStreams();
      await listeners.close();
      await app.close();
    },
  };
}

type App = Parameters<typeof listen>[0];
type Pairs = Parameters<typeof listen>[2];

async function open(app: App, pairs: Pairs) {
  for (let tries = 1; ; tries++) {
    const host = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
    const addresses = cpanelPorts.map((port) => {
      const scheme = isTls(port) ? 'https' : 'http';
      return { url: `${scheme}://${host}:${port}`, host, port };
    });
    try {
      return { host, listeners: await listen(app, addresses, pairs) };
    } catch (error) {
      const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException) : undefined;
      if (cause?.code !== 'EADDRINUSE' || tries === 20) throw error;
    }
  }
}

export function isTls(port: CpanelPort): boolean {
  return tlsPorts.some((each) => each === port);
}

async function exchangeBytes(
  host: string,
  port: CpanelPort,
  pieces: readonly Piece[],
): Promise<Buffer> {
  const socket = isTls(port)
    ? connectTls({ host, port, rejectUnauthorized: false })
    : connect(port, host);
  socket.setTimeout(60_000, () => socket.destroy(new Error('no end of the answer within 60 s')));
  const chunks: Buffer[] = [];
  let sent = 0;
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise<void>((resolve, reject) => {
    socket.once('close', () => resolve());
    // A later piece may meet with the end of the connection, which an answer to an earlier one has ended.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const isOver = error.code === 'EPIPE' || error.code === 'ECONNRESET';
      if (!isOver || sent < 2 || chunks.length === 0) reject(error);
    });
  });
  await Promise.race([once(socket, isTls(port) ? 'secureConnect' : 'connect'), closed]);
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await until(() => hasReadAll(socket), { what: 'the piece has been read' });
    // So that an answer that has come, and the end behind it, is known here.
    for (let turn = 0; turn < 2; turn += 1) await setImmediate();
    sent += 1;
    if (typeof piece === 'function') piece();
    else if (socket.writable) await new Promise((resolve) => socket.write(piece, resolve));
  }
  await closed;
  return Buffer.concat(chunks);
}
