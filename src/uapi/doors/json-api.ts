import type { FastifyRequest } from 'fastify';
import type { Account } from '../../accounts/account.ts';
import { accountOf } from '../../auth/authentication.ts';
import { AuthenticationError } from '../../auth/authentication-error.ts';
import { readArguments } from '../call/read-arguments.ts';
import { whmCall } from '../openapi/door-operations.ts';
import { accessDenied } from './access-denied.ts';
import { callMethods, type Door } from './door.ts';
import { createLoginUrl } from './login-url.ts';
import { answerWhmCall, whmSummaries } from './whm-calls.ts';
import { generationOf, unknownWhmCall, whmFailure } from './whm-envelope.ts';

/** The administrator's other calls. Of those that are not served their envelope says so. */
export const jsonApiDoor: Door = {
  prefix: '/json-api',
  forms: [
    [
      `\`/json-api/NAME\`: ${[...whmSummaries.keys()].map((name) => `\`${name}\``).join(', ')}`,
      'with `api.version` above 0 `{data, metadata}`, else the data alone',
    ],
    [
      '`/json-api/NAME`, the administrator’s other calls, which are not served',
      'with `api.version` above 0 `{metadata: …}`, else `{metadata, status, statusmsg, error}`',
    ],
  ],
  methods: () => callMethods,
  addRoutes: (app, options) => {
    const { accounts } = options;
    for (const [name, summary] of whmSummaries) {
      for (const method of ['GET', 'POST'] as const) {
        app.route({
          method,
          url: `/json-api/${name}`,
          schema: whmCall(method, name, summary),
          onRequest: app.authenticate,
          handler: async (request: FastifyRequest) => {
            const caller = accountOf(request);
            if (caller.role === 'user') throw new AuthenticationError();
            const args = readArguments(request);
            const createUrl = (account: Account) => createLoginUrl(request, account, options);
            return answerWhmCall(name, generationOf(args), { caller, args, accounts, createUrl });
          },
        });
      }
    }
    for (const url of ['/json-api', '/json-api/*']) {
      app.route({
        method: ['GET', 'POST'],
        url,
        schema: { hide: true },
        onRequest: app.authenticate,
        handler: async (request: FastifyRequest) =>
          unknownWhmCall(generationOf(readArguments(request)), commandIn(request.url)),
      });
    }
  },
  refuse: (url, httpStatus, { errors }) => {
    if (httpStatus === 401) return accessDenied;
    const generation = generationOf(new URL(url, 'http://localhost').searchParams);
    const reason = errors?.join('\n') ?? '';
    return { httpStatus, body: whmFailure(generation, commandIn(url), reason) };
  },
};

function commandIn(url: string): string {
  return /^\/json-api\/(\w{1,128})/.exec(url)?.[1] ?? '';
}
