import type { FastifyReply, FastifyRequest } from 'fastify';
import { accountOf } from '../../auth/authentication.ts';
import { AuthenticationError } from '../../auth/authentication-error.ts';
import { readArguments } from '../call/read-arguments.ts';
import type { Result } from '../envelope/envelope.ts';
import { uapiCpanelCall } from '../openapi/door-operations.ts';
import { accessDenied } from './access-denied.ts';
import { accountToActFor, invalidUser } from './act-for.ts';
import {
  callMethods,
  type Door,
  type DoorOptions,
  makeCall,
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
        onRequest: app.authenticate,
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
  if (accountOf(request).role === 'user') throw new AuthenticationError();
  const args = readArguments(request);
  const named = args.get('cpanel.user') ?? '';
  const account = named === '' ? null : accountToActFor(request, named, accounts);
  if (account === null) return outer({}, 0, invalidUser);
  const name = { module: args.get('cpanel.module') ?? '', func: args.get('cpanel.function') ?? '' };
  const own = withoutDoorArguments(args, /^cpanel\.(?:user|module|function)$/);
  const made = await makeCall(request, call, { name, account, args: own });
  return sendAnswer(reply, made, 'uapi_cpanel', envelope);
}

/** The outer result is that of the call for the account, whatever came of the function. */
function envelope(result: Result) {
  return outer({ uapi: result }, 1, 'OK');
}

function outer(data: object, result: 0 | 1, reason: string) {
  return { data, metadata: { command: 'uapi_cpanel', reason, result, version: 1 } };
}
