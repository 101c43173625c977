import type { FastifyRequest } from 'fastify';
import type { Account } from './account.ts';
import type { Authenticators } from './authentication.ts';
import { clientAddress } from './client-address.ts';
import { mayKnock } from './guard.ts';
import { accountOfToken, readTokenHeader } from './token-header.ts';

/*
 * Asking whether accounts, tokens and roles are still what they were is a trip to the privileged
 * side, and the look is another. So a request whose credentials were verified a moment ago is let
 * pass by what this side knows already, both questions go out together, and the answer is sent only
 * once the first has been answered with "nothing has changed since".
 */

/** What a request was let pass by that is not confirmed yet. */
export interface Provisional {
  /** What this side knew. */
  readonly revision: number;
  /** Resolves when this side knows how things were at some moment after the request came in. */
  readonly refreshed: Promise<void>;
}

/**
 * Lets a request pass that shows a token, or a password that was verified a moment ago, until
 * `confirm` says that it may be answered. False for any other, which has to be looked at in full:
 * nothing has been counted or written down. So is one that has to wait, before anybody looks at what
 * it shows, or the time that it takes would tell right guesses from wrong ones; and one with a body,
 * to which there are answers before it is a call.
 */
export function admitProvisionally(
  request: FastifyRequest,
  authenticators: Authenticators,
  refreshed: Promise<void>,
): boolean {
  const account = hasBody(request) ? undefined : recognise(request, authenticators);
  if (account === undefined || !mayKnock(request, account)) return false;
  request.account = account;
  request.provisional = { revision: authenticators.revision(), refreshed };
  return true;
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function recognise(request: FastifyRequest, authenticators: Authenticators): Account | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) return undefined;
  const shown = readTokenHeader(authorization);
  const name = shown === null ? nameInBasic(authorization) : shown.name;
  if (!authenticators.throttle.allows(clientAddress(request), name)) return undefined;
  if (shown !== null) return accountOfToken(shown, authenticators);
  const { accounts, remembered } = authenticators;
  const known = remembered.recall(authorization);
  if (known === undefined || accounts.generation(known.name) !== known.generation) return undefined;
  return accounts.find(known.name);
}

/** The name in a header of the Basic scheme, for the throttle alone; null for any other. */
function nameInBasic(authorization: string): string | null {
  const encoded = /^\s*basic\s+(\S+)/i.exec(authorization)?.[1];
  if (encoded === undefined) return null;
  return Buffer.from(encoded, 'base64').toString().split(':', 1)[0] ?? null;
}

/**
 * Resolves to true when nothing has changed since a request was let pass. Else it has been looked at
 * anew by `authenticate`, and what was made of it before has to be made again; rejects as that does.
 */
export async function confirm(
  request: FastifyRequest,
  { revision, throttle }: Authenticators,
  authenticate: () => Promise<void>,
): Promise<boolean> {
  const { provisional, account } = request;
  if (provisional === null || account === null) return true;
  await provisional.refreshed;
  if (revision() === provisional.revision) {
    throttle.forgive(clientAddress(request), account.name);
    return true;
  }
  request.account = null;
  request.provisional = null;
  await authenticate();
  return false;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null for a request that was looked at in full. */
    provisional: Provisional | null;
  }
}
