import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Account } from '../../accounts/account.ts';
import type { FunctionName, Result } from '../envelope/envelope.ts';

/** What the log says of a request's call. */
interface CallRecord {
  readonly func: string;
  /** The account on whose behalf the caller acted; its own, but for administrators. */
  readonly actingFor: string;
  readonly status: 0 | 1;
  readonly rows: number | null;
}

/** Notes for the request's log line which function was called and what came of it. */
export function recordCall(
  request: FastifyRequest,
  { name: { module, func }, account }: { name: FunctionName; account: Account },
  { status, data }: Result,
): void {
  const rows = Array.isArray(data) ? data.length : null;
  // Names come from the caller and may be of any length.
  const [shortModule, shortFunc] = [module.slice(0, 128), func.slice(0, 128)];
  request.callRecord = {
    func: `${shortModule}::${shortFunc}`,
    actingFor: account.name,
    status,
    rows,
  };
}

/**
 * One line a request, when its answer is out: request id, client, route, account, function, outcome,
 * duration and number of rows. Neither headers nor the URL, where callers put what is nobody else's
 * business: the path is the route's own, with the names of its parts, and null for none.
 */
export function addRequestLog(app: FastifyInstance): void {
  app.decorateRequest('callRecord', null);
  app.addHook('onResponse', (request, reply, done) => {
    request.log.info(
      {
        reqId: request.id,
        address: request.ip,
        method: request.method,
        path: request.routeOptions.url ?? null,
        account: request.account?.name ?? null,
        function: request.callRecord?.func ?? null,
        actingFor: request.callRecord?.actingFor ?? null,
        status: request.callRecord?.status ?? null,
        rows: request.callRecord?.rows ?? null,
        httpStatus: reply.statusCode,
        durationMs: Math.round(reply.elapsedTime * 1000) / 1000,
      },
      'request',
    );
    done();
  });
}

declare module 'fastify' {
  interface FastifyRequest {
    callRecord: CallRecord | null;
  }
}
