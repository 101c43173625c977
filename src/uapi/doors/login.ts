import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  authenticateByPassword,
  loginCookieName,
  openLogin,
  revalidateState,
} from '../../auth/authentication.ts';
import { AuthenticationError } from '../../auth/authentication-error.ts';
import type { Authenticators } from '../../auth/authenticators.ts';
import { clientAddress } from '../../lib/client-address.ts';
import { ApiError } from '../call/api-error.ts';
import { readArguments } from '../call/read-arguments.ts';
import { loginCall } from '../openapi/door-operations.ts';
import type { Door } from './door.ts';

/**
 * POST /login gives a cookie and a security token, which together are a credential for every path
 * behind /cpsess##########.
 */
export const loginDoor: Door = {
  prefix: '/login',
  forms: [
    [
      '`/login/?login_only=1`, then `/cpsess##########/…` with the cookie',
      'that of the path behind it',
    ],
  ],
  methods: () => ['POST'],
  addRoutes: (app, options) => {
    app.post('/login', { schema: loginCall }, (request, reply) => logIn(request, reply, options));
  },
  refuse: (_url, httpStatus, { errors }) => ({
    httpStatus,
    body: { status: 0, message: errors?.join('\n') ?? '' },
  }),
};

async function logIn(request: FastifyRequest, reply: FastifyReply, authenticators: Authenticators) {
  try {
    await revalidateState(authenticators);
    const args = readArguments(request);
    const [name = '', password = ''] = [args.get('user'), args.get('pass')];
    const claim = { name, password, scheme: 'form' } as const;
    const account = await authenticateByPassword(request, claim, authenticators);
    const { cookie, securityToken } = openLogin(account, authenticators);
    authenticators.audit.record({
      event: 'login',
      address: clientAddress(request),
      account: account.name,
      door: 'login',
    });
    reply.setCookie(loginCookieName(request), cookie, {
      httpOnly: true,
      path: '/',
      sameSite: 'strict',
      secure: request.protocol === 'https',
    });
    // The page: clients that ask for no JSON follow the redirect. Some read the header even of a 200.
    const location = `${securityToken}/`;
    reply.header('location', location);
    const isForPrograms = (args.get('login_only') ?? '0') !== '0';
    if (!isForPrograms) return reply.code(302).send();
    return { status: 1, redirect: location, security_token: securityToken };
  } catch (error) {
    // No login came of it, which clients tell by the HTTP status alone.
    if (error instanceof ApiError) return refuse(reply, error.message);
    if (error instanceof AuthenticationError) return refuse(reply, 'invalid_login');
    throw error;
  }
}

function refuse(reply: FastifyReply, message: string) {
  return reply.code(401).send({ status: 0, message });
}
