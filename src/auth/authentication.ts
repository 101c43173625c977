import { createHash } from 'node:crypto';
import fastifyBasicAuth from '@fastify/basic-auth';
import fastifyCookie from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Account, AccountDirectory, Postpone } from '../accounts/account.ts';
import { isAdministratorDoor } from '../http/administrator-ports.ts';
import { clientAddress, throttleKey } from '../lib/client-address.ts';
import {
  authenticateClaim,
  authenticateClaimAtOnce,
  authenticateLocally,
  authorize,
  isAuthorized,
} from './authenticate.ts';
import { AuthenticationError } from './authentication-error.ts';
import type { Authenticators } from './authenticators.ts';
import type { Credentials } from './credential-cache.ts';
import type { LoginKeys, LoginOffer } from './login-sessions.ts';
import { revalidate } from './revalidate.ts';
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
 * And `app.authenticateByCopy`, the same for requests that change nothing, as fully but by what this
 * process knows already: `app.revalidate` has to be asked before the answer goes out. Nobody is
 * refused by it before the state is revalidated.
 */
export async function addAuthentication(
  app: FastifyInstance,
  authenticators: Authenticators,
): Promise<void> {
  const { state, tokens } = authenticators;
  app.decorate('isReadOnly', ({ headers }) => {
    const shown = readTokenHeader(headers.authorization ?? '');
    return shown !== null && tokens.isReadOnly(shown.name, shown.token);
  });
  app.decorateRequest('account', null);
  app.decorateRequest('restsOn', null);
  app.decorateRequest('generation', null);
  // Cookies are read where a login is looked for, not of each request.
  await app.register(fastifyCookie, { hook: false });
  await app.register(fastifyBasicAuth, {
    // Some clients put more than one blank behind the scheme.
    strictCredentials: false,
    // With a callback: a request whose password is in the cache costs no promise.
    validate: (name, password, request, _reply, done) => {
      const claim = { name, password, scheme: 'basic' } as const;
      finish(() => authenticateByPassword(request, claim, authenticators), done);
    },
  });
  const authenticate = (request: FastifyRequest, reply: FastifyReply, done: Done) => {
    const { authorization } = request.headers;
    const shown = readTokenHeader(authorization ?? '');
    if (shown !== null) {
      finish(() => authenticateByToken(request, shown, authenticators), done);
    } else if (authorization === undefined && loginKeysOf(request) !== null) {
      finish(() => authenticateByLogin(request, authenticators), done);
    } else {
      app.basicAuth.call(app, request, reply, done);
    }
  };
  const authenticateInFull = (request: FastifyRequest, reply: FastifyReply) =>
    new Promise<void>((resolve, reject) => {
      authenticate(request, reply, (error) => (error ? reject(error) : resolve()));
    });
  const authenticateRevalidated = async (request: FastifyRequest, reply: FastifyReply) => {
    await revalidateState(authenticators);
    await authenticateInFull(request, reply);
  };
  app.decorate('authenticate', authenticateRevalidated);
  app.decorate('authenticateByCopy', (request, reply, done) => {
    // To those there are answers before they are calls.
    if (hasBody(request)) {
      authenticateRevalidated(request, reply).then(() => done(), done);
      return;
    }
    request.restsOn = state.now();
    authenticate(request, reply, done);
  });
  app.decorate('revalidate', (request: FastifyRequest, reply: FastifyReply) => {
    const isSame = revalidate(request, state);
    if (isSame === true) return true;
    const isRight = async () => {
      if (await isSame) return true;
      request.account = null;
      await authenticateInFull(request, reply);
      return false;
    };
    return isRight();
  });
}

/** Resolves when what is known is as it was at some moment after the call. */
export async function revalidateState({ state }: Pick<Authenticators, 'state'>): Promise<void> {
  await state.revalidate(state.now());
}

type Done = (error?: Error) => void;

/** Tells what came of authenticating, at once where it is known at once. */
function finish(authenticating: () => Account | Promise<Account>, done: Done): void {
  let outcome: Account | Promise<Account>;
  try {
    outcome = authenticating();
  } catch (error) {
    done(error as Error);
    return;
  }
  if (outcome instanceof Promise) outcome.then(() => done(), done);
  else done();
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** A name and a password, and how they came. */
interface PasswordClaim {
  readonly name: string;
  readonly password: string;
  readonly scheme: 'basic' | 'form';
}

/** Throws or rejects unless the password is the account's and the account may come in here. */
export function authenticateByPassword(
  request: FastifyRequest,
  given: PasswordClaim,
  authenticators: Authenticators,
): Account | Promise<Account> {
  const { accounts, credentialCache } = authenticators;
  const { name, scheme } = given;
  const credentials = credentialsOf(given, accounts);
  request.generation = credentials.generation;
  return (
    authenticateLocally(request, { account: name, scheme }, authenticators, () =>
      credentialCache.wasVerified(credentials) ? accounts.find(name) : undefined,
    ) ?? verifyPassword(request, given, credentials, authenticators)
  );
}

/** Read before the password is verified: a change meanwhile makes what is cached worthless. */
function credentialsOf({ name, password }: PasswordClaim, accounts: AccountDirectory): Credentials {
  return { name, password, generation: accounts.generation(name) ?? '' };
}

async function verifyPassword(
  request: FastifyRequest,
  given: PasswordClaim,
  known: Credentials,
  authenticators: Authenticators,
): Promise<Account> {
  const { accounts, credentialCache, verifications, state } = authenticators;
  const { name, scheme } = given;
  const claim = { account: name, scheme };
  const address = clientAddress(request);
  const joining = {
    client: throttleKey(address),
    credentials: known,
    connection: request.socket,
  };
  const verify = async (isKnown: boolean, isWanted: () => boolean) => {
    const credentials = credentialsOf(given, accounts);
    if (credentialCache.wasVerified(credentials)) return accounts.find(name);
    const applicant = { address, account: name, isKnown, isWanted };
    let generation: string | undefined;
    let refusal: Promise<void> | undefined;
    const isRight = await verifications.run(applicant, () => {
      generation = accounts.generation(name);
      return isRightPassword(given, accounts, (moment) => {
        refusal = moment;
      });
    });
    // Not in the queue: whoever only waits for it must not keep others from being checked.
    await refusal;
    // What was right of a password that has been changed meanwhile opens nothing.
    if (!isRight || accounts.generation(name) !== generation) return undefined;
    if (credentials.generation !== '') credentialCache.add(credentials);
    return accounts.find(name);
  };
  let account: Account;
  try {
    // The same from the same client at once is one attempt.
    account = await credentialCache.join(joining, (isWanted) =>
      authenticateClaim(request, claim, authenticators, (isKnown) => verify(isKnown, isWanted)),
    );
  } catch (error) {
    // One that joined is refused by state that may have changed before it came.
    if (request.restsOn === null || (await revalidate(request, state))) throw error;
    return authenticateByPassword(request, given, authenticators);
  }
  return authorize(request, claim, authenticators, account);
}

async function isRightPassword(
  { name, password }: PasswordClaim,
  accounts: AccountDirectory,
  postpone: Postpone,
): Promise<boolean> {
  try {
    return await accounts.verify(name, password, postpone);
  } catch (error) {
    // The Basic plugin makes a 401 of any error that has no status of its own.
    const failure = new Error('verifying a password failed', { cause: error });
    throw Object.assign(failure, { statusCode: 500 });
  }
}

function authenticateByToken(
  request: FastifyRequest,
  shown: TokenHeader,
  authenticators: Authenticators,
): Account | Promise<Account> {
  const claim = { account: shown.name, scheme: shown.scheme };
  const find = () => accountOfToken(shown, clientAddress(request), authenticators);
  const account = authenticateLocally(request, claim, authenticators, find);
  if (account !== null) return account;
  const letIn = (found: Account) => authorize(request, claim, authenticators, found);
  return request.restsOn === null
    ? letIn(authenticateClaimAtOnce(request, claim, authenticators, find))
    : authenticateClaim(request, claim, authenticators, find).then(letIn);
}

/** Opens a login that lasts as long as the account is the same and has the same password. */
export function openLogin(
  account: Account,
  { accounts, logins }: Authenticators,
): Promise<LoginKeys> {
  return logins.open(account.name, loginHolder(account.name, accounts));
}

/** Offers a login as an account to whoever brings the key, as `openLogin` opens it. */
export function offerLogin(account: Account, { accounts, logins }: Authenticators): LoginOffer {
  return logins.offer(account.name, loginHolder(account.name, accounts));
}

/**
 * Opens the login that was offered; null when none was, or not any more, or the account has changed
 * since, or may not come in here.
 */
export async function acceptLogin(
  request: FastifyRequest,
  key: string,
  { accounts, logins }: Authenticators,
): Promise<{ readonly account: Account; readonly keys: LoginKeys } | null> {
  const securityToken = securityTokenOf(request.raw) ?? '';
  const keys = await logins.accept({ key, securityToken });
  if (keys === null) return null;
  const account = accountOfHolder(keys.holder, accounts);
  if (account !== undefined && isAuthorized(request, account)) return { account, keys };
  await logins.close(keys);
  return null;
}

/** The name, which has no blank in it, and what changes with the account's password, role and sessions. */
function loginHolder(name: string, accounts: AccountDirectory): string {
  const generation = accounts.generation(name) ?? '';
  const { role, systemUser, ftpLogins } = accounts.find(name) ?? {};
  const text = JSON.stringify([generation, role, systemUser, ftpLogins]);
  return `${name} ${createHash('sha256').update(text).digest('base64')}`;
}

/**
 * Lets a request pass that comes with a login's cookie and security token, or throws
 * AuthenticationError. A cookie that has expired is no attempt at anything, and one of 256 random bits cannot be guessed:
 * it is neither counted nor written down.
 */
export function authenticateByLogin(
  request: FastifyRequest,
  authenticators: Authenticators,
): Account | Promise<Account> {
  const account = accountOfLogin(request, authenticators);
  const isRight = account !== undefined && isAuthorized(request, account);
  if (isRight || request.restsOn === null) return authorizeLogin(request, account, authenticators);
  const again = async () => {
    const isSame = await revalidate(request, authenticators.state);
    const now = isSame ? account : accountOfLogin(request, authenticators);
    return authorizeLogin(request, now, authenticators);
  };
  return again();
}

function authorizeLogin(
  request: FastifyRequest,
  account: Account | undefined,
  authenticators: Authenticators,
): Account {
  if (account === undefined) throw new AuthenticationError();
  return authorize(request, { account: account.name, scheme: 'cookie' }, authenticators, account);
}

function accountOfLogin(
  request: FastifyRequest,
  { accounts, logins }: Authenticators,
): Account | undefined {
  const keys = loginKeysOf(request);
  const holder = keys === null ? null : logins.find(keys);
  return holder === null ? undefined : accountOfHolder(holder, accounts);
}

/** The account of a login, unless it or its password has changed since. */
function accountOfHolder(holder: string, accounts: AccountDirectory): Account | undefined {
  const name = holder.split(' ', 1)[0] ?? '';
  return holder === loginHolder(name, accounts) ? accounts.find(name) : undefined;
}

/**
 * Lets an answer go on that was begun when the request was let in, or throws AuthenticationError: a
 * token has to be valid still, and a login; a password is the same as long as the account's generation
 * is. The state has to be revalidated. No attempt at anything: neither counted nor written down.
 */
export function reauthenticate(request: FastifyRequest, authenticators: Authenticators): Account {
  const account = accountStillShown(request, authenticators);
  if (account === undefined || !isAuthorized(request, account)) throw new AuthenticationError();
  request.account = account;
  return account;
}

function accountStillShown(
  request: FastifyRequest,
  authenticators: Authenticators,
): Account | undefined {
  if (loginKeysOf(request) !== null) return accountOfLogin(request, authenticators);
  const shown = readTokenHeader(request.headers.authorization ?? '');
  if (shown !== null) return accountOfToken(shown, clientAddress(request), authenticators);
  const { accounts } = authenticators;
  const { name } = accountOf(request);
  return accounts.generation(name) === request.generation ? accounts.find(name) : undefined;
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

declare module 'fastify' {
  interface FastifyInstance {
    authenticate(request: FastifyRequest, reply: FastifyReply): Promise<void>;
    /** With a callback: a request that is let in by what is known costs no promise. */
    authenticateByCopy(request: FastifyRequest, reply: FastifyReply, done: Done): void;
    /** True when what a request shows is a token that may only read. */
    isReadOnly(request: FastifyRequest): boolean;
    /**
     * False when what was made of a request has to be made again, for another account perhaps.
     * Rejects when it may not be answered any more.
     */
    revalidate(request: FastifyRequest, reply: FastifyReply): boolean | Promise<boolean>;
  }
  interface FastifyRequest {
    account: Account | null;
    /** The account's generation when the password was looked at; null for other credentials. */
    generation: string | null;
  }
}
