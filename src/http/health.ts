import type { FastifyInstance, FastifyReply } from 'fastify';
import { TooLateError, withTimeout } from '../lib/with-timeout.ts';
import { ofUids } from '../sessions/scope.ts';
import type { SessionSource } from '../sessions/session.ts';

/** Tells whether the collector answers. */
export interface Readiness {
  /** Resolves to null when it does, else to why not, in a few words. Never rejects. */
  check(): Promise<string | null>;
}

export interface ReadinessOptions {
  /** A collector that answers later than this is not ready, in milliseconds. */
  readonly timeoutMs?: number;
  /** So long an outcome is told again, in milliseconds. */
  readonly keptMs?: number;
}

/**
 * Asks the collector for nobody's sessions. A question that comes meanwhile, or within a second, gets the
 * same: asking must cost nothing, since anybody may.
 */
export function createReadiness(
  sessions: SessionSource,
  { timeoutMs = 5_000, keptMs = 1_000 }: ReadinessOptions = {},
): Readiness {
  let latest: { readonly outcome: Promise<string | null>; endedAt: number } | null = null;

  async function probe(): Promise<string | null> {
    try {
      await withTimeout(timeoutMs, sessions.snapshot(ofUids([])));
      return null;
    } catch (error) {
      if (!(error instanceof TooLateError)) return 'the last scan failed';
      return `the collector has not answered for ${timeoutMs / 1000} s`;
    }
  }

  return {
    check: () => {
      if (latest !== null && performance.now() - latest.endedAt < keptMs) return latest.outcome;
      const outcome = probe();
      const current = { outcome, endedAt: Number.POSITIVE_INFINITY };
      latest = current;
      void outcome.then(() => {
        current.endedAt = performance.now();
      });
      return outcome;
    },
  };
}

export interface HealthOptions {
  readonly readiness: Readiness;
  /** Whether the client may know why the server is not ready. */
  readonly tellsWhy: boolean;
}

/** Adds /healthz, which answers while the process does, and /readyz; both for anybody. */
export function addHealth(app: FastifyInstance, { readiness, tellsWhy }: HealthOptions): void {
  // A line in the log for each would drown the others: somebody asks every few seconds.
  const options = { schema: { hide: true }, logLevel: 'warn' } as const;
  app.get('/healthz', options, (_request, reply) => respond(reply, 200, 'ok'));
  app.get('/readyz', options, async (_request, reply) => {
    const reason = await readiness.check();
    if (reason === null) return respond(reply, 200, 'ready');
    return respond(reply, 503, tellsWhy ? `not ready: ${reason}` : 'not ready');
  });
}

function respond(reply: FastifyReply, status: 200 | 503, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(`${text}\n`);
}
