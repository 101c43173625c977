import type { FastifyRequest } from 'fastify';
import type { Account } from './account.ts';
import type { Authenticators } from './authentication.ts';
import { clientAddress } from './client-address.ts';
import { mayKnock } from './guard.ts';
import type { Attempt } from './throttle.ts';
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
 * `confirm` says that it may be answered. False for any other, which has to be looked at in full,
 * after `releasePlace`. So is one with a body, to which there are answers before it is a call.
 *
 * The throttle is asked before anybody looks at what is shown, and whoever is not recognised takes
 * the place of an attempt from here on: else all guesses that come before the first of them is looked
 * at in full could be made at once, and the right one be told by its answer.
 */
export function admitProvisionally(
  request: FastifyRequest,
  authenticators: Authenticators,
  refreshed: Promise<void>,
): boolean {
  const { authorization } = request.headers;
  if (authorization === undefined || hasBody(request)) return false;
  const shown = readTokenHeader(authorization);
  const name = shown === null ? nameInBasic(authorization) : shown.name;
  const { throttle, revision } = authenticators;
  const address = clientAddress(request);
  if (!throttle.allows(address, name)) return false;
  const account =
    shown === null
      ? accountOfHeader(authorization, authenticators)
      : accountOfToken(shown, authenticators);
  if (account === undefined || !mayKnock(request, account)) {
    const begun = throttle.begin(address, name);
    if (begun.isAllowed) request.attemptPlace = begun.attempt;
    return false;
  }
  request.account = account;
  request.provisional = { revision: revision(), refreshed };
  return true;
}

/** Gives back the place of an attempt, right before a request is looked at in full. */
export function releasePlace(request: FastifyRequest): void {
  request.attemptPlace?.abandoned();
  request.attemptPlace = null;
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function accountOfHeader(
  authorization: string,
  { accounts, remembered }: Authenticators,
): Account | undefined {
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
    /** Of one that is to be looked at in full. */
    attemptPlace: Attempt | null;
  }
}
