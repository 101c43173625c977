import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
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

/** What the page names. */
const files = [
  'favicon-16x16.png',
  'favicon-32x32.png',
  'index.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'swagger-ui.css',
];

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
};

/** The page /docs: the OpenAPI document for people, from files of this server alone. */
export async function addDocs(app: FastifyInstance): Promise<void> {
  addFiles(app);
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: contentSecurityPolicy,
    // Without null the page would ask a validator on the Internet.
    uiConfig: { validatorUrl: null, docExpansion: 'list' },
    theme: { title: 'uapid' },
  });
}

/**
 * The files, read now and kept: the plugin would read them at each request, when the process may
 * have become a user who cannot. These routes come before the plugin's one for the whole folder.
 */
function addFiles(app: FastifyInstance): void {
  const plugin = createRequire(import.meta.url).resolve('@fastify/swagger-ui');
  for (const name of files) {
    const content = readFileSync(join(dirname(plugin), 'static', name));
    app.get(`/docs/static/${name}`, { schema: { hide: true } }, (_request, reply) =>
      reply
        .header('content-security-policy', contentSecurityPolicy)
        .type(types[extname(name)] ?? 'application/octet-stream')
        .send(content),
    );
  }
}
