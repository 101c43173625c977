import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Account } from '../../accounts/account.ts';
import {
  acceptLogin,
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
import { refuseLoginUrl } from './login-url.ts';

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
    // What only looks at a URL must not use it up.
    const route = { schema: { hide: true }, exposeHeadRoute: false };
    app.get('/login', route, (request, reply) => followLoginUrl(request, reply, options));
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
    const { cookie, securityToken } = await openLogin(account, authenticators);
    noteLogin(request, account, authenticators);
    setLoginCookie(request, reply, cookie);
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

/**
 * GET /cpsess##########/login/?session=KEY, the URL that create_user_session gives. A browser that
 * comes from another site shows the redirect's target no cookie that is SameSite=Strict; the page
 * needs none, and what it asks for itself is of this site.
 */
async function followLoginUrl(
  request: FastifyRequest,
  reply: FastifyReply,
  authenticators: Authenticators,
) {
  const key = readArguments(request).get('session');
  if (key === undefined) return reply.callNotFound();
  await revalidateState(authenticators);
  // The key is in the address.
  reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
  const accepted = await acceptLogin(request, key, authenticators);
  if (accepted === null) return refuseLoginUrl(reply);
  const { account, keys } = accepted;
  noteLogin(request, account, authenticators);
  setLoginCookie(request, reply, keys.cookie);
  return reply.redirect(`${keys.securityToken}/`);
}

function noteLogin(request: FastifyRequest, account: Account, { audit }: Authenticators): void {
  const address = clientAddress(request);
  audit.record({ event: 'login', address, account: account.name, door: 'login' });
}

function setLoginCookie(request: FastifyRequest, reply: FastifyReply, cookie: string): void {
  reply.setCookie(loginCookieName(request), cookie, {
    httpOnly: true,
    path: '/',
    sameSite: 'strict',
    secure: request.protocol === 'https',
  });
}

function refuse(reply: FastifyReply, message: string) {
  return reply.code(401).send({ status: 0, message });
}
