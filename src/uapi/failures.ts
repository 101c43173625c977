import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AuthenticationError } from '../auth/basic.ts';
import { internalError } from './call.ts';
import { type FunctionName, fail, type Result, wrap } from './envelope.ts';

/**
 * Every way by which an answer leaves the server without a call having been made ends here, in the
 * contract's envelope: not found, another method, no valid credentials, a request that Fastify
 * refuses, an answer that breaks its schema.
 */
export function addFailureHandlers(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply));

  app.setNotFoundHandler((request, reply) => {
    const name = functionName(request.url);
    if (name !== null && !['GET', 'HEAD'].includes(request.method)) {
      reply.header('allow', 'GET, HEAD');
      return send(reply, 405, name, fail(`The method ${request.method} is not allowed here.`));
    }
    return send(reply, 404, name, fail('There is nothing at this address.'));
  });
}

/** Also for what Fastify calls a framework error: a malformed URL. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const name = functionName(request.url);
  const status = statusOf(error);
  if (status === 401) {
    return send(reply, 401, name, fail(new AuthenticationError().message));
  }
  if (status >= 400 && status < 500) {
    return send(reply, status, name, fail(refusals.get(status) ?? 'The request is malformed.'));
  }
  request.log.error({ err: error }, 'a request failed inside');
  // An API failure is HTTP 200 with status 0: clients of the original look no further otherwise.
  return send(reply, 200, name, internalError(request.id));
}

/** Answers a connection whose bytes are no HTTP request at all, and closes it. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, phrase] = clientErrors.get(error.code ?? '') ?? [400, 'Bad Request'];
  const text = refusals.get(status) ?? 'The request is malformed.';
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

const refusals = new Map([
  [408, 'The request took too long to arrive.'],
  [413, 'The body of the request is too large.'],
  [414, 'The URL of the request is too long.'],
  [415, 'The body’s type is not supported.'],
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

function send(reply: FastifyReply, status: number, name: FunctionName | null, result: Result) {
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(wrap(name ?? { module: '', func: '' }, result));
}

/** What the path of a URL names, as far as it has the form /Module/function. */
function functionName(url: string): FunctionName | null {
  const match = /^\/(\w{1,128})\/(\w{1,128})\/?(?:\?|$)/.exec(url);
  return match?.[1] === undefined || match[2] === undefined
    ? null
    : { module: match[1], func: match[2] };
}
