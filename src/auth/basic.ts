import fastifyBasicAuth from '@fastify/basic-auth';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Account, AccountDirectory } from './account.ts';

/** A caller who could not show who he is. Says nothing of what was wrong. */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';
  readonly statusCode = 401;

  constructor() {
    super('Access denied. A valid user name and password are required.');
  }
}

/**
 * Adds `app.basicAuth`, a hook that lets a request pass only with an account's name and password
 * (RFC 7617) and notes the account in `request.account`.
 */
export async function addBasicAuth(
  app: FastifyInstance,
  accounts: AccountDirectory,
): Promise<void> {
  app.decorateRequest('account', null);
  await app.register(fastifyBasicAuth, {
    authenticate: { realm: 'uapid' },
    // Must not resolve to anything but undefined: the plugin would take it for an error.
    validate: async (name, password, request) => {
      request.account = await authenticate(accounts, name, password);
    },
  });
}

async function authenticate(
  accounts: AccountDirectory,
  name: string,
  password: string,
): Promise<Account> {
  const isValid = await accounts.verify(name, password).catch((error: unknown) => {
    // The plugin makes a 401 of any error that has no status of its own.
    throw Object.assign(new Error('verifying a password failed', { cause: error }), {
      statusCode: 500,
    });
  });
  const account = accounts.find(name);
  if (!isValid || account === undefined) throw new AuthenticationError();
  return account;
}

/** The account that `app.basicAuth` let pass. */
export function accountOf(request: FastifyRequest): Account {
  if (request.account === null) throw new Error('the route is not behind authentication');
  return request.account;
}

declare module 'fastify' {
  interface FastifyRequest {
    account: Account | null;
  }
}
