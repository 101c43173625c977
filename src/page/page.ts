import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type EventsOptions, eventsRoute } from './events.ts';
import { chooseLanguage } from './languages.ts';
import { type PageFile, readPage } from './page-files.ts';

/**
 * Everything from this server, nothing inline, in the frames of those origins alone; and no text that
 * comes from a session can become markup, since the browser refuses to make any from a text.
 */
const contentSecurityPolicy = (frameAncestors: readonly string[]) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    `frame-ancestors ${frameAncestors.length === 0 ? "'none'" : frameAncestors.join(' ')}`,
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');

const headersFor = (frameAncestors: readonly string[]) => ({
  'content-security-policy': contentSecurityPolicy(frameAncestors),
  // The security token is in the page's address.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // It has no form that names an origin.
  ...(frameAncestors.length === 0 ? { 'x-frame-options': 'DENY' } : {}),
  vary: 'accept-encoding',
});

type Headers = ReturnType<typeof headersFor>;

export interface PageOptions extends EventsOptions {
  /** Origins that may show the page in a frame. */
  readonly frameAncestors: readonly string[];
}

/** The page for people: "/" with its files, and the events that keep it moving. */
export async function addPage(app: FastifyInstance, options: PageOptions): Promise<void> {
  const headers = headersFor(options.frameAncestors);
  // What is the same for everybody says nothing to pages of other sites.
  const route = { schema: { hide: true }, config: { cors: false } as const };
  await app.register(async (scope) => {
    // What is the same for everybody may be kept, if it is asked for anew each time.
    scope.addHook('onSend', async (_request, reply) => {
      reply.header('cache-control', 'no-cache');
    });
    const { documents, files } = readPage();
    for (const file of files) {
      scope.get(file.url, route, (request, reply) => sendFile(request, reply, file, headers));
    }
    const languages = [...documents.keys()];
    scope.get('/', route, (request, reply) => {
      const language = chooseLanguage(request.headers['accept-language'], languages);
      const file = documents.get(language);
      if (file === undefined) throw new Error(`the page has no document in ${language}`);
      const vary = `${headers.vary}, accept-language`;
      reply.header('content-language', language);
      return sendFile(request, reply, file, { ...headers, vary });
    });
  });
  eventsRoute(app, options);
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: PageFile, headers: Headers) {
  const isGzipped = acceptsGzip(request);
  const { body, etag } = isGzipped ? file.gzipped() : file.plain;
  reply.headers({ ...headers, etag });
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  if (isGzipped) reply.header('content-encoding', 'gzip');
  return reply.type(file.type).send(body);
}

/** RFC 9110, section 12.5.3, as browsers write it. */
function acceptsGzip({ headers }: FastifyRequest): boolean {
  return String(headers['accept-encoding'] ?? '')
    .split(',')
    .some((coding) => {
      const [name, ...parameters] = coding.split(';').map((part) => part.trim().toLowerCase());
      return name === 'gzip' && !parameters.some((each) => /^q ?= ?0(?:\.0{0,3})?$/.test(each));
    });
}
