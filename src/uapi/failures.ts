import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { challengeFor } from '../auth/authentication.ts';
import { AuthenticationError } from '../auth/authentication-error.ts';
import { OverloadedError } from '../auth/overloaded-error.ts';
import { ThrottledError } from '../auth/throttled-error.ts';
import { ApiError } from './api-error.ts';
import { internalError } from './call.ts';
import { doorOf } from './doors/index.ts';
import { fail, type Result, wrap } from './envelope.ts';
import { NoRoomError } from './no-room-error.ts';

/**
 * Every way by which an answer leaves the server without a call having been made ends here, in the
 * envelope of the door that was knocked at: not found, another method, no valid credentials, a
 * request that Fastify refuses, arguments that cannot be read, an answer that breaks its schema.
 */
export function addFailureHandlers(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply));

  app.setNotFoundHandler((request, reply) => {
    const methods = doorOf(request.url).methods(request.url);
    if (methods.length === 0 || methods.includes(request.method)) {
      return refuse(request, reply, 404, fail('There is nothing at this address.'));
    }
    reply.header('allow', methods.join(', '));
    return refuse(request, reply, 405, fail(`The method ${request.method} is not allowed here.`));
  });
}

/** Also for what Fastify calls a framework error: a malformed URL. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  if (error instanceof ApiError) return refuse(request, reply, 200, fail(error.message));
  if (
    error instanceof ThrottledError ||
    error instanceof OverloadedError ||
    error instanceof NoRoomError
  ) {
    reply.header('retry-after', error.retryAfterSeconds);
    return refuse(request, reply, error.statusCode, fail(error.message));
  }
  const status = statusOf(error);
  if (status === 401) return refuse(request, reply, 401, fail(new AuthenticationError().message));
  if (status >= 400 && status < 500) {
    return refuse(request, reply, status, fail(refusals.get(status) ?? malformed));
  }
  request.log.error({ reqId: request.id, err: error }, 'a request failed inside');
  // An API failure is HTTP 200 with status 0: clients of the original look no further otherwise.
  return refuse(request, reply, 200, internalError(request.id));
}

/** Answers a connection whose bytes are no HTTP request at all, and closes it. */
export function answerClientError(error: ParserError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, phrase] = clientErrors.get(error.code ?? '') ?? [400, 'Bad Request'];
  const text = hasTwoEnds(error) ? twoEnds : (refusals.get(status) ?? malformed);
  const body = JSON.stringify(wrap({ module: '', func: '' }, fail(text)));
  socket.end(
    [
      `HTTP/1.1 ${status} ${phrase}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

const malformed = 'The request is malformed.';

/** RFC 9112, section 6.1. Some clients add a length to a body that their library sends in chunks. */
const twoEnds =
  'The request has both Transfer-Encoding and Content-Length, so where it ends could be read in two ways. Send one of them.';

/** An error of node:http's parser, with its reason in English. */
type ParserError = NodeJS.ErrnoException & { readonly reason?: string };

function hasTwoEnds({ reason = '' }: ParserError): boolean {
  return reason.includes('Transfer-Encoding') && reason.includes('Content-Length');
}

const refusals = new Map([
  [408, 'The request took too long to arrive.'],
  [413, 'The body of the request is too large.'],
  [414, 'The URL of the request is too long.'],
  [431, 'The headers of the request are too large.'],
]);

/** Codes of node:http's "clientError" event. */
const clientErrors = new Map<string, [number, string]>([
  ['HPE_HEADER_OVERFLOW', [431, 'Request Header Fields Too Large']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'Request Timeout']],
]);

function statusOf(error: unknown): number {
  const isCarrier = typeof error === 'object' && error !== null && 'statusCode' in error;
  return isCarrier && typeof error.statusCode === 'number' ? error.statusCode : 500;
}

function refuse(request: FastifyRequest, reply: FastifyReply, status: number, result: Result) {
  const { url } = request;
  const { httpStatus, reasonPhrase, type, body } = doorOf(url).refuse(url, status, result);
  if (reasonPhrase !== undefined) reply.raw.statusMessage = reasonPhrase;
  // RFC 9110, section 11.6.1.
  if (httpStatus === 401) reply.header('www-authenticate', challengeFor(request));
  return reply
    .code(httpStatus)
    .type(type ?? 'application/json; charset=utf-8')
    .serializer(type === undefined ? JSON.stringify : String)
    .send(body);
}
