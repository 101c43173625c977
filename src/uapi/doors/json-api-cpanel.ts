import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Arguments } from '../call/arguments.ts';
import { readArguments } from '../call/read-arguments.ts';
import { api2Envelope, api2Result, behindApi2 } from '../envelope/api2.ts';
import { type FunctionName, fail, wrap } from '../envelope/envelope.ts';
import { cpanelApiCall } from '../openapi/door-operations.ts';
import { accessDenied } from './access-denied.ts';
import { accountToActFor, invalidUser } from './act-for.ts';
import {
  authenticateByArguments,
  callMethods,
  type Door,
  type DoorOptions,
  makeRevalidatedCall,
  sendAnswer,
  withoutDoorArguments,
} from './door.ts';

/**
 * /json-api/cpanel: arguments name the function, in API version 3 (UAPI, wrapped) or 2, which is
 * also what is meant when none is given.
 */
export const jsonApiCpanelDoor: Door = {
  prefix: '/json-api/cpanel',
  forms: [
    ['`/json-api/cpanel?cpanel_jsonapi_apiversion=3&…`', '`{apiversion, func, module, result}`'],
    ['`/json-api/cpanel?cpanel_jsonapi_func=listftpsessions&…` (API 2)', '`{cpanelresult: …}`'],
  ],
  methods: () => callMethods,
  addRoutes: (app, options) => {
    for (const method of ['GET', 'POST'] as const) {
      app.route({
        method,
        url: '/json-api/cpanel',
        schema: cpanelApiCall(method),
        onRequest: authenticateByArguments(app, options.functions, (args) => {
          const called = readCalled(args);
          return called.version === '3' ? called : behindApi2(called);
        }),
        handler: (request, reply) => answer(request, reply, options),
      });
    }
  },
  refuse: (url, httpStatus, result) => {
    if (httpStatus === 401) return accessDenied;
    const called = readCalled(new URL(url, 'http://localhost').searchParams);
    return { httpStatus, body: envelopeOf(called)(called, result) };
  },
};

interface CalledByArguments extends FunctionName {
  readonly version: string;
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { call, accounts }: DoorOptions,
) {
  const args = readArguments(request);
  const called = readCalled(args);
  const own = withoutDoorArguments(args, /^cpanel_jsonapi_/);
  const made = await makeRevalidatedCall(request, reply, call, () => {
    const account = accountToActFor(request, args.get('cpanel_jsonapi_user'), accounts);
    if (account === null) return { instead: invalidUserIn(called) };
    if (!['2', '3'].includes(called.version)) {
      const text = `The API version “${called.version}” is not served here: use 3 or 2.`;
      return { instead: api2Envelope(called, fail(text, 'argument-invalid')) };
    }
    const name = called.version === '3' ? called : behindApi2(called);
    if (name !== null) return { name, account, args: own };
    const text = `Could not find function '${called.func}' in module '${called.module}'`;
    return { instead: api2Envelope(called, fail(text, 'function-unknown')) };
  });
  if ('instead' in made) return made.instead;
  const answered = called.version === '3' ? made : made.as('API 2', api2Result);
  const form = `json-api ${called.version} ${called.module} ${called.func}`;
  return sendAnswer(reply, answered, form, (given) => envelopeOf(called)(called, given));
}

function readCalled(args: Pick<Arguments, 'get'> | URLSearchParams): CalledByArguments {
  return {
    module: args.get('cpanel_jsonapi_module') ?? '',
    func: args.get('cpanel_jsonapi_func') ?? '',
    version: args.get('cpanel_jsonapi_apiversion') || '2',
  };
}

function envelopeOf({ version }: CalledByArguments) {
  return version === '3' ? wrap : api2Envelope;
}

/** Strings as clients of the original read them. */
function invalidUserIn({ version }: CalledByArguments) {
  const body = {
    data: { reason: invalidUser, result: '0' },
    type: 'text',
    error: invalidUser,
  };
  return version === '3' ? body : { cpanelresult: body };
}
