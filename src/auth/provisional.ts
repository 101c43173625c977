import type { FastifyRequest } from 'fastify';
import type { Account } from '../accounts/account.ts';
import { clientAddress } from '../lib/client-address.ts';
import type { Authenticators } from './authenticators.ts';
import { mayKnock } from './guard.ts';
import { accountOfToken, readTokenHeader } from './token-header.ts';

/*
 * Asking whether accounts, tokens and roles are still what they were is a trip to the privileged
 * side, and the look is another. So a request that shows the very header by which its connection was
 * let in a moment ago is let pass by what this side knows already, both questions go out together,
 * and the answer is sent only once the first has been answered with "nothing has changed since".
 *
 * Of its own connection alone: whoever guesses has shown the right header on none of his, so nothing
 * that is answered early, refused early or takes less time tells him anything.
 */

/** What a request was let pass by that is not confirmed yet. */
export interface Provisional {
  /** What this side knew. */
  readonly revision: number;
  /** Resolves when this side knows how things were at some moment after the request came in. */
  readonly refreshed: Promise<void>;
}

/**
 * Lets a request pass that shows what its connection was let in by, until `confirm` says that it may
 * be answered. False for any other, which has to be looked at in full, as has one that is held off or
 * refused, one with a body, to which there are answers before it is a call, and one that came through
 * a proxy, which may bring the requests of many on one connection.
 */
export function admitProvisionally(
  request: FastifyRequest,
  authenticators: Authenticators,
  refreshed: Promise<void>,
): boolean {
  const { headers } = request;
  const account =
    hasBody(headers) || isProxied(headers) ? undefined : recognise(request, authenticators);
  if (account === undefined || !mayKnock(request, account)) return false;
  if (!authenticators.throttle.allows(clientAddress(request), account.name)) return false;
  request.account = account;
  request.provisional = { revision: authenticators.revision(), refreshed };
  return true;
}

type Headers = FastifyRequest['headers'];

function isProxied({ via, forwarded, 'x-forwarded-for': forwardedFor }: Headers): boolean {
  return via !== undefined || forwarded !== undefined || forwardedFor !== undefined;
}

function hasBody(headers: Headers): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function recognise(
  { headers: { authorization }, socket }: FastifyRequest,
  authenticators: Authenticators,
): Account | undefined {
  if (authorization === undefined) return undefined;
  const { accounts, remembered } = authenticators;
  const known = remembered.recall(socket, authorization);
  if (known === undefined) return undefined;
  if (known === null) {
    const shown = readTokenHeader(authorization);
    return shown === null ? undefined : accountOfToken(shown, authenticators);
  }
  return accounts.generation(known.name) === known.generation
    ? accounts.find(known.name)
    : undefined;
}

/**
 * Resolves to true when nothing has changed since a request was let pass. Else it has been looked at
 * anew by `authenticate`, and what was made of it before has to be made again; rejects as that does.
 */
export async function confirm(
  request: FastifyRequest,
  { revision }: Authenticators,
  authenticate: () => Promise<void>,
): Promise<boolean> {
  const { provisional } = request;
  if (provisional === null) return true;
  await provisional.refreshed;
  if (revision() === provisional.revision) return true;
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
