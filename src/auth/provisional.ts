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
 * `confirm` says that it may be answered. False for any other, also for one that is to be refused:
 * it has to be looked at in full, and nothing has been counted or written down. One that has to wait
 * is looked at in full whatever it shows, or the time that it takes would tell right from wrong.
 */
export function admitProvisionally(
  request: FastifyRequest,
  authenticators: Authenticators,
  refreshed: Promise<void>,
): boolean {
  const account = recognise(request, authenticators);
  if (account === undefined || !mayKnock(request, account)) return false;
  const { throttle, revision } = authenticators;
  if (!throttle.pass(clientAddress(request), account.name)) return false;
  request.account = account;
  request.provisional = { revision: revision(), refreshed };
  return true;
}

function recognise(
  { headers: { authorization } }: FastifyRequest,
  authenticators: Authenticators,
): Account | undefined {
  if (authorization === undefined) return undefined;
  const { accounts, remembered } = authenticators;
  const shown = readTokenHeader(authorization);
  if (shown !== null) return accountOfToken(shown, authenticators);
  const known = remembered.recall(authorization);
  if (known === undefined || accounts.generation(known.name) !== known.generation) return undefined;
  return accounts.find(known.name);
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
