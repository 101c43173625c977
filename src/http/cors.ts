import fastifyCors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/**
 * Lets pages of those origins read answers (Fetch standard, "CORS protocol"), by exactly these names. It
 * is never said that credentials of the browser's own may come along: no page gets to see what a cookie
 * or a remembered password would show, only what a token that it has itself does. Nor does it soften
 * what `siteOf` is asked for: such a page changes nothing. Of other origins a request is what it was.
 */
export async function addCors(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  const allowed = new Set(origins);
  await app.register(fastifyCors, {
    // With a function, a preflight request of others is answered as any call by OPTIONS.
    origin: (origin, done) => done(null, origin !== undefined && allowed.has(origin)),
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: ['authorization', 'content-type', 'if-none-match', 'last-event-id'],
    exposedHeaders: ['etag', 'retry-after'],
    maxAge: maxAgeSeconds,
    strictPreflight: false,
  });
}

/** How long a browser need not ask again. */
const maxAgeSeconds = 600;
