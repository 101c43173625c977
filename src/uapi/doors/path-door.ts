import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type * as z from 'zod';
import { accountOf } from '../../auth/authentication.ts';
import type { UapiFunction } from '../call/define-function.ts';
import { readArguments } from '../call/read-arguments.ts';
import type { FunctionName, Result } from '../envelope/envelope.ts';
import { operationId } from '../openapi/operation-id.ts';
import { argumentsIn, functionArguments } from '../openapi/parameter-schemas.ts';
import { refusalAnswers } from '../openapi/refusal-answers.ts';
import {
  callMethods,
  type Door,
  type DoorForm,
  type DoorOptions,
  makeRevalidatedCall,
  sendAnswer,
} from './door.ts';

interface PathEnvelope {
  readonly prefix: string;
  readonly forms: readonly DoorForm[];
  readonly schema: (data: z.ZodType) => z.ZodType;
  readonly envelope: (name: FunctionName, result: Result) => unknown;
  /** The form of a refusal. */
  readonly refused: z.ZodType;
  /** What the operationIds of this URL form have behind the function's name. */
  readonly form: string;
  /** What the OpenAPI document says of this URL form. */
  readonly note: string;
}

const methods = ['GET', 'POST'] as const;

/** A door whose path names the function: PREFIX/Module/function. */
export function pathDoor({
  prefix,
  forms,
  schema,
  envelope,
  refused,
  form,
  note,
}: PathEnvelope): Door {
  return {
    prefix,
    forms,
    methods: (url) => (functionInPath(prefix, url).func === '' ? [] : callMethods),
    addRoutes: (app, options) => {
      for (const definition of options.functions) {
        for (const method of methods) addFunctionRoute(app, options, definition, method);
      }
      // All other names: the texts for what cannot be found are the shared call's. Not by the copy: should
      // a name come here in a form that no other route takes, it may be one that changes something.
      app.route<{ Params: FunctionName }>({
        method: [...methods],
        url: `${prefix}/:module/:func`,
        schema: { hide: true },
        onRequest: app.authenticate,
        handler: (request, reply) => answer(request, reply, request.params, options),
      });
    },
    refuse: (url, httpStatus, result) => ({
      httpStatus,
      body: envelope(functionInPath(prefix, url), result),
    }),
  };

  function addFunctionRoute(
    app: FastifyInstance,
    options: DoorOptions,
    definition: UapiFunction,
    method: (typeof methods)[number],
  ): void {
    const { module, name, summary, description, data, parameters, isList } = definition;
    const { changes = false } = definition;
    app.route({
      method,
      url: `${prefix}/${module}/${name}`,
      schema: {
        operationId: operationId({ name, method, usual: changes ? 'POST' : 'GET', form }),
        summary,
        description: `${description} ${note}`,
        tags: [module],
        ...argumentsIn(method, functionArguments(parameters, isList)),
        response: {
          200: schema(data).describe('The call’s result; see its status.'),
          401: refused.describe('No valid credentials.'),
          ...refusalAnswers(refused),
        },
      },
      onRequest: changes ? app.authenticate : app.authenticateByCopy,
      handler: (request, reply) => answer(request, reply, { module, func: name }, options),
    });
  }

  async function answer(
    request: FastifyRequest,
    reply: FastifyReply,
    name: FunctionName,
    { call }: DoorOptions,
  ) {
    const args = readArguments(request);
    const called = () => ({ name, account: accountOf(request), args });
    const made = await makeRevalidatedCall(request, reply, call, called);
    const key = `${prefix} ${name.module} ${name.func}`;
    return sendAnswer(reply, made, key, (given) => envelope(name, given));
  }
}

/** What the path of a URL names behind the prefix, as far as it has the form /Module/function. */
function functionInPath(prefix: string, url: string): FunctionName {
  const match = /^\/(\w{1,128})\/(\w{1,128})\/?(?:\?|$)/.exec(url.slice(prefix.length));
  return { module: match?.[1] ?? '', func: match?.[2] ?? '' };
}
