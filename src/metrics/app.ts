import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { addHealth, type Readiness } from '../http/health.ts';
import { noCompilers } from '../http/no-compilers.ts';
import { requireBearer } from './bearer.ts';
import type { Metrics } from './metrics.ts';

export interface MetricsServices {
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly logger: FastifyBaseLogger;
  /** The hash of the token that the metrics ask for; null when everybody may have them. */
  readonly tokenHash: string | null;
}

/**
 * What the metrics listener serves: /metrics to those that show the token, /healthz and /readyz, which
 * tell of nobody, to whoever reaches it.
 */
export function buildMetricsApp(services: MetricsServices): FastifyInstance {
  const { metrics, readiness, logger, tokenHash } = services;
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    schemaController: noCompilers,
    logController: new LogController({ disableRequestLogging: true }),
  });
  // Nobody's body is kept, whatever it is: nothing here asks for one.
  app.removeAllContentTypeParsers();
  app.addHook('onSend', async (_request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });
  const route = tokenHash === null ? {} : { onRequest: requireBearer(tokenHash) };
  app.get('/metrics', route, async (_request, reply) =>
    reply.header('content-type', metrics.contentType).send(await metrics.scrape()),
  );
  addHealth(app, { readiness, tellsWhy: true });
  app.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .type('text/plain; charset=utf-8')
      .send('There is nothing here but /metrics, /healthz and /readyz.\n'),
  );
  return app;
}
