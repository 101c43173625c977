import type { Socket } from 'node:net';

/** A body with its content type. */
export interface ClientErrorBody {
  readonly type: string;
  readonly body: string;
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The form of such answers, set by an application that has one of its own; else plain text. */
    clientErrorBody?: (text: string) => ClientErrorBody;
  }
}

/** An error of node:http's parser, with its reason in English. */
export type ParserError = NodeJS.ErrnoException & { readonly reason?: string };

/** Answers a connection whose bytes are no HTTP request at all, and closes it. */
export function answerClientError(
  error: ParserError,
  socket: Socket,
  bodyOf: (text: string) => ClientErrorBody = plainText,
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, phrase] = statuses.get(error.code ?? '') ?? [400, 'Bad Request'];
  const { type, body } = bodyOf(textOf(error, status));
  socket.end(
    [
      `HTTP/1.1 ${status} ${phrase}`,
      `Content-Type: ${type}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

/** What a client is told whose request was refused with that status before it was a call. */
export function refusalText(status: number): string {
  return texts.get(status) ?? 'The request is malformed.';
}

function textOf(error: ParserError, status: number): string {
  if (error.code === 'ERR_SSL_HTTP_REQUEST') return noTls;
  return hasTwoEnds(error) ? twoEnds : refusalText(status);
}

/** OpenSSL's word for a request without TLS. */
const noTls = 'This port speaks TLS: use https:// in place of http://.';

function plainText(text: string): ClientErrorBody {
  return { type: 'text/plain; charset=utf-8', body: `${text}\n` };
}

/** RFC 9112, section 6.1. Some clients add a length to a body that their library sends in chunks. */
const twoEnds =
  'The request has both Transfer-Encoding and Content-Length, so where it ends could be read in two ways. Send one of them.';

function hasTwoEnds({ reason = '' }: ParserError): boolean {
  return reason.includes('Transfer-Encoding') && reason.includes('Content-Length');
}

const texts = new Map([
  [408, 'The request took too long to arrive.'],
  [413, 'The body of the request is too large.'],
  [414, 'The URL of the request is too long.'],
  [431, 'The headers of the request are too large.'],
]);

/** Codes of node:http's "clientError" event. */
const statuses = new Map<string, [number, string]>([
  ['HPE_HEADER_OVERFLOW', [431, 'Request Header Fields Too Large']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'Request Timeout']],
]);
