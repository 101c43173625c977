import fastifyBasicAuth from '@fastify/basic-auth';
import fastifyCookie from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Account, AccountDirectory, TokenDirectory } from './account.ts';
import { AuthenticationError } from './authentication-error.ts';
import type { LoginKeys, LoginSessions } from './login-sessions.ts';
import { isAdministratorDoor } from './ports.ts';
import { securityTokenOf } from './security-token.ts';

/** What a 401 asks for. */
export const challenge = 'Basic realm="uapid", charset="UTF-8"';

export interface Authenticators {
  readonly accounts: AccountDirectory;
  readonly tokens: TokenDirectory;
  readonly logins: LoginSessions;
}

/**
 * Adds `app.authenticate`, a hook that lets a request pass only with valid credentials and notes
 * whose they are: Basic (RFC 7617), "cpanel USER:TOKEN", "whm USER:TOKEN", or a login's cookie
 * together with its security token in the path. Where administrators knock only theirs count.
 */
export async function addAuthentication(
  app: FastifyInstance,
  authenticators: Authenticators,
): Promise<void> {
  app.decorateRequest('account', null);
  await app.register(fastifyCookie);
  await app.register(fastifyBasicAuth, {
    // Some clients put more than one blank behind the scheme.
    strictCredentials: false,
    // Must not resolve to anything but undefined: the plugin would take it for an error.
    validate: async (name, password, request) => {
      await admitWithPassword(request, name, password, authenticators);
    },
  });
  app.decorate('authenticate', async function (request: FastifyRequest, reply: FastifyReply) {
    const { authorization } = request.headers;
    const scheme = /^\s*(\w+)\s/.exec(authorization ?? '')?.[1]?.toLowerCase();
    if (scheme === 'cpanel' || scheme === 'whm') {
      admitWithToken(request, scheme, authorization ?? '', authenticators);
    } else if (authorization === undefined && loginKeysOf(request) !== null) {
      admitWithLogin(request, authenticators);
    } else {
      await checkBasic(this, request, reply);
    }
  });
}

/** Throws unless the password is the account's and the account may come in here. */
export async function admitWithPassword(
  request: FastifyRequest,
  name: string,
  password: string,
  { accounts }: Pick<Authenticators, 'accounts'>,
): Promise<Account> {
  const isValid = await accounts.verify(name, password).catch((error: unknown) => {
    // The Basic plugin makes a 401 of any error that has no status of its own.
    throw Object.assign(new Error('verifying a password failed', { cause: error }), {
      statusCode: 500,
    });
  });
  return admit(request, isValid ? accounts.find(name) : undefined);
}

function admitWithToken(
  request: FastifyRequest,
  scheme: 'cpanel' | 'whm',
  authorization: string,
  { accounts, tokens }: Authenticators,
): void {
  const match = /^\s*\w+\s+([^:]*):(.*?)\s*$/.exec(authorization);
  const [name = '', token = ''] = match?.slice(1) ?? [];
  const account = tokens.verify(name, token) ? accounts.find(name) : undefined;
  if (scheme === 'whm' && account?.role !== 'admin') throw new AuthenticationError();
  admit(request, account);
}

function admitWithLogin(request: FastifyRequest, { accounts, logins }: Authenticators): void {
  const keys = loginKeysOf(request);
  const name = keys === null ? null : logins.find(keys);
  admit(request, name === null ? undefined : accounts.find(name));
}

function admit(request: FastifyRequest, account: Account | undefined): Account {
  const isAllowed =
    account !== undefined && (account.role === 'admin' || !isAdministratorDoor(request));
  if (!isAllowed) throw new AuthenticationError();
  request.account = account;
  return account;
}

/** The cookie of the original, by port. */
export function loginCookieName(request: FastifyRequest): 'cpsession' | 'whostmgrsession' {
  return isAdministratorDoor(request) ? 'whostmgrsession' : 'cpsession';
}

/** The cookie and the path's security token, or null when either is missing. */
export function loginKeysOf(request: FastifyRequest): LoginKeys | null {
  const cookie = request.cookies[loginCookieName(request)];
  const securityToken = securityTokenOf(request.raw);
  return cookie === undefined || securityToken === null ? null : { cookie, securityToken };
}

/** The account that `app.authenticate` let pass. */
export function accountOf(request: FastifyRequest): Account {
  if (request.account === null) throw new Error('the route is not behind authentication');
  return request.account;
}

/** The plugin's hook takes a callback. */
function checkBasic(
  app: FastifyInstance,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  return new Promise((resolve, reject) => {
    app.basicAuth.call(app, request, reply, (error) => (error ? reject(error) : resolve()));
  });
}

declare module 'fastify' {
  interface FastifyInstance {
    authenticate(
      this: FastifyInstance,
      request: FastifyRequest,
      reply: FastifyReply,
    ): Promise<void>;
  }
  interface FastifyRequest {
    account: Account | null;
  }
}
