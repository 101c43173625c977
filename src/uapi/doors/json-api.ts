import type { FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import { accessDenied } from './access-denied.ts';
import { callMethods, type Door } from './door.ts';

/** The administrator's other calls, none of which is served: their envelope says so. */
export const jsonApiDoor: Door = {
  prefix: '/json-api',
  methods: () => callMethods,
  addRoutes: (app) => {
    app.route({
      method: ['GET', 'POST'],
      url: '/json-api/*',
      schema: { hide: true },
      onRequest: app.authenticate,
      handler: ({ url }: FastifyRequest) => {
        throw new ApiError(`The call “${commandIn(url)}” is not served here.`);
      },
    });
  },
  refuse: (url, httpStatus, { errors }) => {
    if (httpStatus === 401) return accessDenied;
    const reason = errors?.join('\n') ?? '';
    return {
      httpStatus,
      body: { metadata: { command: commandIn(url), reason, result: 0, version: 1 } },
    };
  },
};

function commandIn(url: string): string {
  return /^\/json-api\/(\w{1,128})/.exec(url)?.[1] ?? '';
}
