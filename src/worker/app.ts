import { randomBytes } from 'node:crypto';
import fastifySwagger from '@fastify/swagger';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import type { Host } from '../access/host.ts';
import type { RoleFlags } from '../accounts/account.ts';
import { addAuthentication } from '../auth/authentication.ts';
import type { Authenticators } from '../auth/authenticators.ts';
import { takeSecurityToken } from '../auth/security-token.ts';
import type { HttpsDoor } from '../fleet/transport/https-door.ts';
import { addBodyReader } from '../http/bodies/receive-body.ts';
import { addCors } from '../http/cors.ts';
import { addHealth, createReadiness, type Readiness } from '../http/health.ts';
import { noCompilers } from '../http/no-compilers.ts';
import { originForm } from '../http/request-target.ts';
import { addDocs } from '../page/docs.ts';
import { addPage } from '../page/page.ts';
import { createCall } from '../uapi/call/call.ts';
import type { CallCounter } from '../uapi/call/call-counter.ts';
import type { UapiFunction } from '../uapi/call/define-function.ts';
import { addRequestLog } from '../uapi/call/request-log.ts';
import { addFailureHandlers, answerError } from '../uapi/doors/failures.ts';
import { doorOf, doors } from '../uapi/doors/index.ts';
import { functions as allFunctions } from '../uapi/functions.ts';
import { withComponents } from '../uapi/openapi/components.ts';
import { openapiInfo } from '../uapi/openapi/info.ts';

/** What the application needs of the world around it. */
export interface Services extends Host, Authenticators {
  readonly roles: RoleFlags;
  readonly logger: FastifyBaseLogger;
  /** Proxies whose X-Forwarded-For is believed: addresses and CIDR ranges. */
  readonly trustedProxies?: readonly string[];
  /** Origins whose pages may read answers. */
  readonly corsOrigins?: readonly string[];
  /** Origins that may show the page in a frame. */
  readonly frameAncestors?: readonly string[];
  /** The functions to answer; all of them unless a test has its own. */
  readonly functions?: readonly UapiFunction[];
  /** Counts the calls of those functions. */
  readonly calls?: CallCounter;
  /** Shared with whoever else tells whether the server is ready. */
  readonly readiness?: Readiness;
  /** Where the gateways of a fleet ask over https; null for nowhere. */
  readonly fleetDoor?: HttpsDoor | null;
}

/** No two requests have the same, also not of two servers that write to one log. */
function createRequestIds(): () => string {
  const start = randomBytes(9).toString('base64url');
  let number = 0;
  return () => {
    number += 1;
    return `${start}-${number.toString(36)}`;
  };
}

/** Of the many requests without one; nobody changes it. */
const noQuery = new URLSearchParams();

/** The whole application, ready to be listened with. It neither listens nor reads the environment. */
export async function buildApp(services: Services): Promise<FastifyInstance> {
  const { roles, logger, trustedProxies = [], functions = allFunctions } = services;
  const { corsOrigins = [], frameAncestors = [] } = services;
  const { calls, readiness = createReadiness(services.sessions), fleetDoor = null } = services;
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: createRequestIds(),
    // A logger for each request would be made for one line; the lines name their request themselves.
    childLoggerFactory: (logger, _bindings, options) =>
      options.level === undefined ? logger : logger.child({}, options),
    frameworkErrors: answerError,
    rewriteUrl: (request) => takeSecurityToken(request, originForm(request.url ?? '/')),
    schemaController: noCompilers,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    routerOptions: {
      ignoreTrailingSlash: true,
      querystringParser: (text) => (text === '' ? noQuery : new URLSearchParams(text)) as never,
    },
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    done();
  });
  addBodyReader(app);
  addRequestLog(app);
  addFailureHandlers(app);
  await addCors(app, corsOrigins);
  await addAuthentication(app, services);
  await app.register(fastifySwagger, {
    openapi: openapiInfo,
    stripBasePath: false,
    transform: jsonSchemaTransform,
    transformObject: withComponents,
  });
  addDocs(app);
  addHealth(app, { readiness, tellsWhy: false });
  if (fleetDoor !== null) {
    // Most servers are in no fleet, and read no file of it.
    const { addFleetRoute } = await import('./fleet-route.ts');
    addFleetRoute(app, fleetDoor);
  }
  const call = createCall(functions, services, roles, calls);
  await addPage(app, { ...services, call, frameAncestors });
  for (const door of doors) {
    await app.register(async (scope) => {
      // The contract's path could be any other door's: "/execute/x" is no function of a module.
      scope.addHook('onRequest', (request, reply, done) => {
        if (doorOf(request.url) === door) done();
        else reply.callNotFound();
      });
      door.addRoutes(scope, { ...services, call, functions });
    });
  }
  return app;
}
