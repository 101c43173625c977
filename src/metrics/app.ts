import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { addHealth, type Readiness } from '../health.ts';
import type { Metrics } from './metrics.ts';

export interface MetricsServices {
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly logger: FastifyBaseLogger;
}

/** What the metrics listener serves: /metrics, /healthz and /readyz, to whoever reaches it. */
export function buildMetricsApp({ metrics, readiness, logger }: MetricsServices): FastifyInstance {
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
  });
  // Nobody's body is kept, whatever it is: nothing here asks for one.
  app.removeAllContentTypeParsers();
  app.addHook('onSend', async (_request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });
  app.get('/metrics', async (_request, reply) =>
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
