import { randomUUID } from 'node:crypto';
import fastifySwagger from '@fastify/swagger';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import type { AccountDirectory, RoleFlags } from './auth/account.ts';
import { addBasicAuth } from './auth/basic.ts';
import { createCall } from './uapi/call.ts';
import type { Host, UapiFunction } from './uapi/define-function.ts';
import { contractDoor } from './uapi/doors/contract.ts';
import { addFailureHandlers, answerError } from './uapi/failures.ts';
import { functions as allFunctions } from './uapi/functions.ts';
import { openapiInfo } from './uapi/openapi-info.ts';
import { addRequestLog } from './uapi/request-log.ts';

/** What the application needs of the world around it. */
export interface Services extends Host {
  readonly accounts: AccountDirectory;
  readonly roles: RoleFlags;
  readonly logger: FastifyBaseLogger;
  /** The functions to answer; all of them unless a test has its own. */
  readonly functions?: readonly UapiFunction[];
}

/** The whole application, ready to be listened with. It neither listens nor reads the environment. */
export async function buildApp(services: Services): Promise<FastifyInstance> {
  const { accounts, roles, logger, functions = allFunctions } = services;
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    frameworkErrors: answerError,
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.addHook('onSend', async (_request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });
  addRequestLog(app);
  addFailureHandlers(app);
  await addBasicAuth(app, accounts);
  await app.register(fastifySwagger, { openapi: openapiInfo, transform: jsonSchemaTransform });
  await app.register(contractDoor, { call: createCall(functions, services, roles), functions });
  return app;
}
