import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as nextTick } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

import { isHttps, type ListenAddress } from '../config/listen-address.ts';
import { descriptorLimit } from '../os/descriptor-limit.ts';
import { createHttpsServer } from '../tls/https-server.ts';
import type { KeyPairSource } from '../tls/key-pair.ts';
import { answerClientError } from './client-errors.ts';
import { type Connections, followConnections } from './connections.ts';
import { answerCrossedLineEnds } from './crossed-line-end.ts';

export interface Listeners {
  /** The URLs that are listened on, with the real ports where 0 was asked for. */
  readonly urls: readonly string[];
  /** Takes no new connection, and resolves when every request in flight has its answer. */
  close(): Promise<void>;
}

/**
 * A whole request within five minutes is Node's own limit, stated. Late ones are looked for often. A
 * connection that is kept outlasts those that a proxy keeps, in nginx 60 s (keepalive_timeout of an
 * upstream): who closes first must be the one that sends the next request, else that is lost, a 502.
 */
const limits = {
  keepAliveTimeout: 75_000,
  maxHeaderSize: 16 * 1024,
  requestTimeout: 300_000,
  connectionsCheckingInterval: 1_000,
  // Node would answer a request without one by itself, and in no envelope.
  requireHostHeader: false,
};

/** As Node has it: so many connections wait in the kernel for one that accepts them. */
const backlog = 511;

const sweepIntervalMs = 50;
/**
 * A connection that a stopping server has only just accepted has a second to bring its request: the next
 * server cannot have it any more.
 */
const sweepsForSilent = 20;

/** For everything else that the process opens. */
const reservedDescriptors = 64;

export interface ConnectionLimits {
  /** Connections at a time, of all addresses together. */
  readonly maxConnections: number;
  /** A connection on which nothing moves for so long is ended, also one that takes no answer. */
  readonly stalledMs: number;
  /**
   * How long headers may take, and again the body behind them of a request that was not let in: so
   * a client that has shown no credentials has twice as long for all of it. In ms.
   */
  readonly strangersMs: number;
}

/** Far more than clients need, and few enough for their buffers to fit into little memory. */
function defaultLimits(): ConnectionLimits {
  const maxConnections = Math.min(8192, descriptorLimit() - reservedDescriptors);
  return { maxConnections, stalledMs: 60_000, strangersMs: 5_000 };
}

/** Where to listen. */
export interface ListenPlace extends ListenAddress {
  /** The descriptor of a socket that listens there; one is opened where there is none. */
  readonly fd?: number;
}

/**
 * Opens a server for each place in front of one application; https addresses need a key pair.
 * Rejects, with all of them closed again, when one cannot be opened.
 */
export async function listen(
  app: FastifyInstance,
  places: readonly ListenPlace[],
  keyPair: KeyPairSource | null = null,
  { maxConnections, stalledMs, strangersMs } = defaultLimits(),
): Promise<Listeners> {
  await app.ready();
  const closings: (() => Promise<void>)[] = [];
  const close = async () => {
    await Promise.all(closings.map((closing) => closing()));
  };
  try {
    const urls: string[] = [];
    for (const place of places) {
      const server = createServerFor(app, place, keyPair, strangersMs);
      server.setTimeout(stalledMs);
      const share = Math.max(1, Math.floor(maxConnections / places.length));
      const connections = followConnections(server, isHttps(place), {
        maxConnections: share,
        strangersMs,
      });
      closings.push(() => closeServer(server, connections));
      urls.push(await open(server, place));
    }
    return { urls, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function createServerFor(
  app: FastifyInstance,
  address: ListenAddress,
  keyPair: KeyPairSource | null,
  headersTimeout: number,
): Server {
  const options = { ...limits, headersTimeout };
  const answer: RequestListener = (request, response) => app.routing(request, response);
  const answerMalformed = (error: Error, socket: Socket) =>
    answerClientError(error, socket, app.clientErrorBody);
  const server = isHttps(address)
    ? createHttpsServer(needed(keyPair, address), options, answer, answerMalformed)
    : createServer(options, answer);
  const answerCrossed = answerCrossedLineEnds(options, answer, answerMalformed);
  server.on('clientError', (error, socket) => {
    if (!answerCrossed(error, socket as Socket)) answerMalformed(error, socket as Socket);
  });
  // An expectation that nobody knows is no reason for Node to answer in no envelope (RFC 9110, 10.1.1).
  server.on('checkExpectation', answer);
  return server;
}

function needed(keyPair: KeyPairSource | null, { url }: ListenAddress): KeyPairSource {
  if (keyPair === null) throw new Error(`${url} needs a certificate.`);
  return keyPair;
}

async function open(server: Server, { host, port, url, fd }: ListenPlace): Promise<string> {
  server.listen(fd === undefined ? { host, port, backlog } : { fd, backlog });
  await once(server, 'listening');
  const { port: realPort } = server.address() as AddressInfo;
  const real = new URL(url);
  real.port = String(realPort);
  return real.origin;
}

/**
 * Whatever came in before the stop is answered. A turn of the event loop reads all that has arrived
 * and then runs immediates, so what is ended in one has no request that lies unread: the kernel would
 * answer that with a reset (tcp(7)).
 */
async function closeServer(server: Server, { endIdle, endSilent }: Connections): Promise<void> {
  if (!server.listening) return;
  await acceptWaiting(server);
  if (!server.listening) return;
  // Node calls it at once when a server is closed.
  server.closeIdleConnections = endIdle;
  const closed = once(server, 'close');
  server.close();
  let sweeps = 0;
  const sweep = () => {
    // A connection that is kept alive becomes idle once its last answer is out.
    endIdle();
    sweeps += 1;
    if (sweeps >= sweepsForSilent) endSilent();
  };
  const timer = setInterval(() => setImmediate(sweep), sweepIntervalMs);
  await closed;
  clearInterval(timer);
}

/**
 * Accepts the connections that wait in the kernel: with the socket it would reset them. They are no
 * more than the backlog, and all of them are accepted after a turn that has accepted none.
 */
async function acceptWaiting(server: Server): Promise<void> {
  let accepted = 0;
  const count = () => {
    accepted += 1;
  };
  server.on('connection', count);
  // What is left of this turn need not accept.
  await nextTick();
  let before: number;
  do {
    before = accepted;
    await nextTick();
  } while (accepted > before && accepted <= backlog);
  server.off('connection', count);
}
