import type { FastifyReply, FastifyRequest } from 'fastify';
import { accountOf } from '../../auth/authentication.ts';
import { AuthenticationError } from '../../auth/authentication-error.ts';
import type { Arguments } from '../call/arguments.ts';
import { readArguments } from '../call/read-arguments.ts';
import type { FunctionName, Result } from '../envelope/envelope.ts';
import { uapiCpanelCall } from '../openapi/door-operations.ts';
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

/** /json-api/uapi_cpanel: an administrator calls a UAPI function for an account. */
export const jsonApiUapiCpanelDoor: Door = {
  prefix: '/json-api/uapi_cpanel',
  forms: [['`/json-api/uapi_cpanel?cpanel.user=…`', '`{data: {uapi: …}, metadata: …}`']],
  methods: () => callMethods,
  addRoutes: (app, options) => {
    for (const method of ['GET', 'POST'] as const) {
      app.route({
        method,
        url: '/json-api/uapi_cpanel',
        schema: uapiCpanelCall(method),
        onRequest: authenticateByArguments(app, options.functions, nameIn),
        handler: (request, reply) => answer(request, reply, options),
      });
    }
  },
  refuse: (_url, httpStatus, result) =>
    httpStatus === 401 ? accessDenied : { httpStatus, body: envelope(result) },
};

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { call, accounts }: DoorOptions,
) {
  const args = readArguments(request);
  const own = withoutDoorArguments(args, /^cpanel\.(?:user|module|function)$/);
  const made = await makeRevalidatedCall(request, reply, call, () => {
    if (accountOf(request).role === 'user') return { instead: null };
    const named = args.get('cpanel.user') ?? '';
    const account = named === '' ? null : accountToActFor(request, named, accounts);
    if (account === null) return { instead: outer({}, 0, invalidUser) };
    return { name: nameIn(args), account, args: own };
  });
  if ('instead' in made) {
    if (made.instead === null) throw new AuthenticationError();
    return made.instead;
  }
  return sendAnswer(reply, made, 'uapi_cpanel', envelope);
}

function nameIn(args: Arguments): FunctionName {
  return { module: args.get('cpanel.module') ?? '', func: args.get('cpanel.function') ?? '' };
}

/** The outer result is that of the call for the account, whatever came of the function. */
function envelope(result: Result) {
  return outer({ uapi: result }, 1, 'OK');
}

function outer(data: object, result: 0 | 1, reason: string) {
  return { data, metadata: { command: 'uapi_cpanel', reason, result, version: 1 } };
}
