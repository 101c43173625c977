import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { clientAddress, type Hops, throttleKey } from '../../lib/client-address.ts';
import { RetryLaterError } from '../retry-later-error.ts';
import { type BodyBudget, type BodyReservation, createBodyBudget } from './body-budget.ts';

/** Far more than any function's arguments take. */
const maxBytes = 1024 * 1024;

/** Enough for any name and password: a client that has not logged in may make the server keep no more. */
const maxStrangersBytes = 16 * 1024;

const firstBytes = 1024;

/**
 * Takes every body as bytes, whatever type it claims: Fastify's own parsers answer 415 or 400 to
 * much that clients send, and keep each chunk by itself, of which there may be as many as bytes.
 */
export function addBodyReader(app: FastifyInstance): void {
  const budget = createBodyBudget();
  app.decorateRequest('bodyType', '');
  app.decorateRequest('signedBy', null);
  app.addHook('onRequest', (request, _reply, done) => {
    const type = request.headers['content-type'];
    request.bodyType = type ?? '';
    // Fastify refuses a malformed type, and an empty one, before any parser is asked.
    if (type !== undefined) request.headers['content-type'] = 'application/octet-stream';
    done();
  });
  // The arguments have been read by now, and an answer may wait long until it is taken.
  app.addHook('onSend', (request, _reply, _payload, done) => {
    request.body = undefined;
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) =>
    receiveBody(request, payload, budget),
  );
}

/**
 * Resolves to the whole body. Rejects when it is too large, when it has to make room for others, and
 * when the connection ends before the body does; nothing of it is kept then.
 */
export function receiveBody(
  request: Sender,
  payload: IncomingMessage,
  budget: BodyBudget,
): Promise<Buffer> {
  const isStranger = request.account === null && request.signedBy === null;
  const limit = isStranger ? maxStrangersBytes : maxBytes;
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length']) > limit) return reject(tooLarge());
    // The connection has ended while the credentials were verified: no event will tell it again.
    if (payload.destroyed) return reject(brokenOff());
    const reservation = budget.reserve(senderOf(request), () => fail(tooBusy()));
    const received = createReceived(reservation, limit);
    const stop = () => {
      payload.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      reservation.release();
    };
    const fail = (error: Error) => {
      stop();
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      if (!received.add(chunk)) fail(tooLarge());
    };
    const onEnd = () => {
      stop();
      resolve(received.bytes());
    };
    const onBroken = () => fail(brokenOff());
    payload.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

const tooBusy = () =>
  new RetryLaterError(503, 'Too much is on its way to the server at the moment.', 1);
const tooLarge = () => Object.assign(new Error('too large a body'), { statusCode: 413 });
const brokenOff = () => Object.assign(new Error('half a body'), { statusCode: 400 });

/** What of a request tells whose body it is. */
type Sender = Pick<FastifyRequest, 'account' | 'signedBy' | 'headers'> & Hops;

/** Whose room it is: the account's, or else the client's; who has signed a body shows only when it is there. */
function senderOf(request: Sender): string {
  if (request.account !== null) return `account ${request.account.name}`;
  return `client ${throttleKey(clientAddress(request))}`;
}

/** What has come in, in one piece: a body that comes byte by byte takes no more than another. */
function createReceived(reservation: BodyReservation, limit: number) {
  let buffer = Buffer.alloc(0);
  let length = 0;
  return {
    /** False when that would be too much. What has no reservation any more is not kept. */
    add: (chunk: Buffer): boolean => {
      const needed = length + chunk.length;
      if (needed > limit) return false;
      if (needed > buffer.length) {
        const larger = Math.min(limit, Math.max(firstBytes, needed, 2 * buffer.length));
        if (!reservation.take(larger)) return true;
        // Not from Node's pool, of which a small piece keeps a large one.
        const grown = Buffer.allocUnsafeSlow(larger);
        buffer.copy(grown, 0, 0, length);
        buffer = grown;
      }
      chunk.copy(buffer, length);
      length = needed;
      return true;
    },
    bytes: () => buffer.subarray(0, length),
  };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The type that the sender gave its body; "" for none. */
    bodyType: string;
    /** Who has signed a request that no account makes; null for nobody. */
    signedBy: string | null;
  }
}
