import { loginCookieName, loginKeysOf } from '../../auth/authentication.ts';
import { logoutCall } from '../openapi/door-operations.ts';
import type { Door } from './door.ts';

const methods = ['GET', 'POST'] as const;

/** /cpsess##########/logout with the login's cookie ends the login. */
export const logoutDoor: Door = {
  prefix: '/logout',
  forms: [['`/cpsess##########/logout` with the cookie, which ends the login', '`{status}`']],
  methods: () => methods,
  addRoutes: (app, { logins }) => {
    for (const method of methods) {
      app.route({
        method,
        url: '/logout',
        schema: logoutCall(method),
        // Asking for the headers alone must not end anything.
        exposeHeadRoute: false,
        handler: async (request, reply) => {
          const keys = loginKeysOf(request);
          if (keys !== null) await logins.close(keys);
          reply.clearCookie(loginCookieName(request), { path: '/' });
          return { status: 1 };
        },
      });
    }
  },
  refuse: (_url, httpStatus, { errors }) => ({
    httpStatus,
    body: { status: 0, message: errors?.join('\n') ?? '' },
  }),
};
