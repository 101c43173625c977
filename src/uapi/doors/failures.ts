import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { challengeFor } from '../../auth/authentication.ts';
import { AuthenticationError } from '../../auth/authentication-error.ts';
import { type ClientErrorBody, refusalText } from '../../http/client-errors.ts';
import { RetryLaterError } from '../../http/retry-later-error.ts';
import { ApiError } from '../call/api-error.ts';
import { internalError } from '../call/call.ts';
import { fail, type Result, wrap } from '../envelope/envelope.ts';
import { doorOf } from './index.ts';

/**
 * Every way by which an answer leaves the server without a call having been made ends here, in the
 * envelope of the door that was knocked at: not found, another method, no valid credentials, a
 * request that Fastify refuses, arguments that cannot be read, an answer that breaks its schema.
 */
export function addFailureHandlers(app: FastifyInstance): void {
  app.decorate('clientErrorBody', clientErrorBody);
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply));

  app.setNotFoundHandler((request, reply) => {
    const methods = doorOf(request.url).methods(request.url);
    if (methods.length === 0 || methods.includes(request.method)) {
      return refuse(
        request,
        reply,
        404,
        fail('There is nothing at this address.', 'request-refused'),
      );
    }
    reply.header('allow', methods.join(', '));
    return refuse(
      request,
      reply,
      405,
      fail(`The method ${request.method} is not allowed here.`, 'request-refused'),
    );
  });
}

/** Also for what Fastify calls a framework error: a malformed URL. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  if (error instanceof ApiError)
    return refuse(request, reply, 200, fail(error.message, error.code));
  if (error instanceof RetryLaterError) {
    reply.header('retry-after', error.retryAfterSeconds);
    return refuse(request, reply, error.statusCode, fail(error.message, 'too-busy'));
  }
  const status = statusOf(error);
  if (status === 401)
    return refuse(request, reply, 401, fail(new AuthenticationError().message, 'unauthorized'));
  if (status >= 400 && status < 500) {
    return refuse(request, reply, status, fail(refusalText(status), 'request-refused'));
  }
  request.log.error({ reqId: request.id, err: error }, 'a request failed inside');
  // An API failure is HTTP 200 with status 0: clients of the original look no further otherwise.
  return refuse(request, reply, 200, internalError(request.id));
}

/** What a connection is told whose bytes are no HTTP request at all: there is no URL that names a door. */
function clientErrorBody(text: string): ClientErrorBody {
  return {
    type: 'application/json; charset=utf-8',
    body: JSON.stringify(wrap({ module: '', func: '' }, fail(text, 'request-refused'))),
  };
}

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
