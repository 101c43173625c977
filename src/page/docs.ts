import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { programFile } from '../lib/program-file.ts';

/**
 * Nothing from outside, whatever the page's own files may hold. Swagger UI sets styles of elements
 * itself.
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

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
};

const hidden = { schema: { hide: true } };

/**
 * The page /docs: the OpenAPI document for people, from files of this server alone. These are our
 * document and initializer, and those of Swagger UI that they name; the build puts both in one folder.
 * They are read now and kept: later the process may have become a user who cannot.
 */
export function addDocs(app: FastifyInstance): void {
  const folder = programFile('page/swagger/');
  for (const name of readdirSync(folder)) {
    const content = readFileSync(new URL(name, folder));
    const type = types[extname(name)] ?? 'application/octet-stream';
    const path = name === 'index.html' ? '/docs' : `/docs/static/${name}`;
    app.get(path, hidden, (_request, reply) => send(reply, type, content));
  }
  app.get('/docs/json', hidden, (_request, reply) =>
    send(reply, 'application/json; charset=utf-8', JSON.stringify(app.swagger())),
  );
  app.get('/docs/functions.json', hidden, (_request, reply) =>
    send(
      reply,
      'application/json; charset=utf-8',
      JSON.stringify(onceEach(app.swagger() as unknown as OpenApi)),
    ),
  );
  app.get('/docs/yaml', hidden, (_request, reply) =>
    send(reply, 'application/x-yaml', app.swagger({ yaml: true })),
  );
}

interface Operation {
  readonly operationId?: string;
}

interface OpenApi {
  readonly info: { readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const once =
  'Each function is here once, by the method that suits it. The same calls by other methods, and below ' +
  '`/MODULE/NAME` in the wrapped form, are in [the whole document](/docs/json).';

/** The document for people to read: without the operations that are others by another method or form. */
function onceEach(document: OpenApi): OpenApi {
  const paths = Object.entries(document.paths).flatMap(([path, operations]) => {
    const own = Object.entries(operations).filter(
      ([, { operationId = '' }]) => !/(?:By(?:Get|Post)|Wrapped)$/.test(operationId),
    );
    return own.length === 0 ? [] : [[path, Object.fromEntries(own)] as const];
  });
  const description = `${document.info.description ?? ''}\n\n${once}`;
  return { ...document, info: { ...document.info, description }, paths: Object.fromEntries(paths) };
}

function send(reply: FastifyReply, type: string, content: Buffer | string): FastifyReply {
  return reply.header('content-security-policy', contentSecurityPolicy).type(type).send(content);
}
