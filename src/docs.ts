import fastifySwaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

/**
 * Nothing from outside, whatever the page's own files may hold. The plugin's own policy allows
 * styles and fonts from any https host and a validator's pictures, and would have a page that was
 * fetched over plain HTTP ask for its files over TLS. Swagger UI sets styles of elements itself.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page /docs: the OpenAPI document for people, from files of this server alone. */
export async function addDocs(app: FastifyInstance): Promise<void> {
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: contentSecurityPolicy,
    // Without null the page would ask a validator on the Internet.
    uiConfig: { validatorUrl: null, docExpansion: 'list' },
    theme: { title: 'uapid' },
  });
}
