import { createHash } from 'node:crypto';
import fastifyBasicAuth from '@fastify/basic-auth';
import fastifyCookie from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Account, AccountDirectory } from '../accounts/account.ts';
import { isAdministratorDoor } from '../http/administrator-ports.ts';
import { clientAddress, throttleKey } from '../lib/client-address.ts';
import { AuthenticationError } from './authentication-error.ts';
import type { Authenticators } from './authenticators.ts';
import type { CredentialCache, Credentials } from './credential-cache.ts';
import { admit, attempt, attemptAtOnce } from './guard.ts';
import type { LoginKeys } from './login-sessions.ts';
import { admitProvisionally, confirm } from './provisional.ts';
import { securityTokenOf } from './security-token.ts';
import { accountOfToken, readTokenHeader, type TokenHeader } from './token-header.ts';

/**
 * What a 401 asks for. Where a login's security token is in the path it is not Basic: a browser would
 * ask for a password in a window of its own, over the page that shows its login form.
 */
export function challengeFor({ raw }: FastifyRequest): string {
  const isLogin = securityTokenOf(raw) !== null;
  return isLogin ? 'cpanel realm="uapid"' : 'Basic realm="uapid", charset="UTF-8"';
}

/**
 * Adds `app.authenticate`, a hook that lets a request pass only with valid credentials and notes
 * whose they are: Basic (RFC 7617), "cpanel USER:TOKEN", "whm USER:TOKEN", or a login's cookie
 * together with its security token in the path. Where administrators and resellers knock only
 * theirs count.
 *
 * And `app.authenticateEarly`, the same for requests that change nothing: what its connection was let
 * in by a moment ago passes at once, and `app.confirm` has to be asked before the answer goes out.
 */
export async function addAuthentication(
  app: FastifyInstance,
  authenticators: Authenticators,
): Promise<void> {
  app.decorateRequest('account', null);
  app.decorateRequest('provisional', null);
  // Cookies are read where a login is looked for, not of each request.
  await app.register(fastifyCookie, { hook: false });
  await app.register(fastifyBasicAuth, {
    // Some clients put more than one blank behind the scheme.
    strictCredentials: false,
    // Must not resolve to anything but undefined: the plugin would take it for an error.
    validate: async (name, password, request) => {
      await admitWithPassword(request, { name, password, scheme: 'basic' }, authenticators);
    },
  });
  const authenticate = async (request: FastifyRequest, reply: FastifyReply) => {
    const { authorization } = request.headers;
    const shown = readTokenHeader(authorization ?? '');
    if (shown !== null) {
      admitWithToken(request, shown, authenticators);
    } else if (authorization === undefined && loginKeysOf(request) !== null) {
      admitWithLogin(request, authenticators);
    } else {
      await checkBasic(app, request, reply);
    }
  };
  app.decorate('authenticate', async (request: FastifyRequest, reply: FastifyReply) => {
    await authenticators.refresh();
    await authenticate(request, reply);
  });
  let last: Promise<void> | null = null;
  // With a callback: a request that is recognised costs no promise.
  app.decorate('authenticateEarly', (request, reply, done) => {
    const refreshed = authenticators.refresh();
    // It is awaited once a call is made, and may have failed by then. Many requests share one.
    if (refreshed !== last) refreshed.catch(() => {});
    last = refreshed;
    if (admitProvisionally(request, authenticators, refreshed)) return done();
    refreshed.then(() => authenticate(request, reply)).then(() => done(), done);
  });
  app.decorate('confirm', (request: FastifyRequest, reply: FastifyReply) =>
    confirm(request, authenticators, () => authenticate(request, reply)),
  );
}

/** A name and a password, and how they came. */
interface PasswordClaim {
  readonly name: string;
  readonly password: string;
  readonly scheme: 'basic' | 'form';
}

/** Rejects unless the password is the account's and the account may come in here. */
export async function admitWithPassword(
  request: FastifyRequest,
  { name, password, scheme }: PasswordClaim,
  authenticators: Authenticators,
): Promise<Account> {
  const { accounts, remembered, verifications } = authenticators;
  const claim = { account: name, scheme };
  // Read before the password is verified: a change meanwhile makes what is remembered worthless.
  const generation = accounts.generation(name) ?? '';
  const credentials = { name, password, generation };
  const address = clientAddress(request);
  const joining = { client: throttleKey(address), credentials, connection: request.socket };
  // The same from the same client at once is one attempt. What is remembered is not asked before
  // the throttle: a block would tell right guesses from wrong ones.
  const account = await remembered.join(joining, (isWanted) =>
    attempt(request, claim, authenticators, async (isKnown) => {
      if (generation !== '' && remembered.wasVerified(credentials)) return accounts.find(name);
      const applicant = { address, account: name, isKnown, isWanted };
      const isRight = await verifications.run(applicant, () =>
        isRightPassword(name, password, accounts),
      );
      if (!isRight) return undefined;
      if (generation !== '') remembered.remember(credentials);
      return accounts.find(name);
    }),
  );
  admit(request, claim, authenticators, account);
  if (scheme === 'basic') noteHeader(request, remembered, credentials);
  return account;
}

function noteHeader(
  { headers: { authorization }, socket }: FastifyRequest,
  remembered: CredentialCache,
  credentials: Credentials | null,
): void {
  if (authorization !== undefined) remembered.noteHeader(socket, authorization, credentials);
}

async function isRightPassword(
  name: string,
  password: string,
  accounts: AccountDirectory,
): Promise<boolean> {
  try {
    return await accounts.verify(name, password);
  } catch (error) {
    // The Basic plugin makes a 401 of any error that has no status of its own.
    const failure = new Error('verifying a password failed', { cause: error });
    throw Object.assign(failure, { statusCode: 500 });
  }
}

function admitWithToken(
  request: FastifyRequest,
  shown: TokenHeader,
  authenticators: Authenticators,
): void {
  const claim = { account: shown.name, scheme: shown.scheme };
  const account = attemptAtOnce(request, claim, authenticators, () =>
    accountOfToken(shown, authenticators),
  );
  admit(request, claim, authenticators, account);
  noteHeader(request, authenticators.remembered, null);
}

/** Opens a login that lasts as long as the account is the same and has the same password. */
export function openLogin(account: Account, { accounts, logins }: Authenticators): LoginKeys {
  return logins.open(account.name, loginHolder(account.name, accounts));
}

/** The name, which has no blank in it, and what changes with the account and its password. */
function loginHolder(name: string, accounts: AccountDirectory): string {
  const generation = accounts.generation(name) ?? '';
  return `${name} ${createHash('sha256').update(generation).digest('base64')}`;
}

/**
 * Lets a request pass that comes with a login's cookie and security token, or throws
 * AuthenticationError. A cookie that has expired is no attempt at anything, and one of 256 random bits cannot be guessed:
 * it is neither counted nor written down.
 */
export function admitWithLogin(request: FastifyRequest, authenticators: Authenticators): void {
  const { accounts, logins } = authenticators;
  const keys = loginKeysOf(request);
  const holder = keys === null ? null : logins.find(keys);
  const name = holder?.split(' ', 1)[0] ?? '';
  const account = holder === loginHolder(name, accounts) ? accounts.find(name) : undefined;
  if (account === undefined) throw new AuthenticationError();
  admit(request, { account: account.name, scheme: 'cookie' }, authenticators, account);
}

/** The cookie of the original, by port. */
export function loginCookieName(request: FastifyRequest): 'cpsession' | 'whostmgrsession' {
  return isAdministratorDoor(request) ? 'whostmgrsession' : 'cpsession';
}

/** The cookie and the path's security token, or null when either is missing. */
export function loginKeysOf(request: FastifyRequest): LoginKeys | null {
  const securityToken = securityTokenOf(request.raw);
  const header = request.headers.cookie;
  if (securityToken === null || header === undefined) return null;
  const cookie = request.server.parseCookie(header)[loginCookieName(request)];
  return cookie === undefined ? null : { cookie, securityToken };
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
    authenticate(request: FastifyRequest, reply: FastifyReply): Promise<void>;
    authenticateEarly(
      request: FastifyRequest,
      reply: FastifyReply,
      done: (error?: Error) => void,
    ): void;
    /**
     * Resolves to false when what was made of a request has to be made again, for another account
     * perhaps. Rejects when it may not be answered any more.
     */
    confirm(request: FastifyRequest, reply: FastifyReply): Promise<boolean>;
  }
  interface FastifyRequest {
    account: Account | null;
  }
}
