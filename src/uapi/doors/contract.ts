import type { FastifyInstance, FastifyRequest } from 'fastify';
import { accountOf } from '../../auth/basic.ts';
import type { Call } from '../call.ts';
import type { UapiFunction } from '../define-function.ts';
import { type FunctionName, failureSchema, wrap, wrappedSchema } from '../envelope.ts';
import { noteCall } from '../request-log.ts';

export interface DoorOptions {
  readonly call: Call;
  readonly functions: readonly UapiFunction[];
}

/** The contract's own path, GET /Module/function: the wrapped envelope. */
export async function contractDoor(
  app: FastifyInstance,
  { call, functions }: DoorOptions,
): Promise<void> {
  async function answer(request: FastifyRequest, name: FunctionName) {
    const result = await call({
      ...name,
      account: accountOf(request),
      args: new Map(),
      requestId: request.id,
      onInternalError: (error) => request.log.error({ err: error }, 'a call failed inside'),
    });
    noteCall(request, name, result);
    return wrap(name, result);
  }

  for (const { module, name: func, summary, description, data } of functions) {
    const schema = {
      operationId: `${module}::${func}`,
      summary,
      description,
      tags: [module],
      security: [{ BasicAuth: [] }],
      response: {
        200: wrappedSchema(data).describe('The call’s result; see its status.'),
        401: failureSchema.describe('No valid credentials.'),
      },
    };
    app.get(`/${module}/${func}`, { schema, onRequest: app.basicAuth }, (request) =>
      answer(request, { module, func }),
    );
  }

  // All other names: the texts for what cannot be found are the shared call's.
  app.get<{ Params: FunctionName }>(
    '/:module/:func',
    { schema: { hide: true }, onRequest: app.basicAuth },
    (request) => answer(request, { module: request.params.module, func: request.params.func }),
  );
}
