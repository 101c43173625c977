import { setImmediate } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import type { Account } from '../accounts/account.ts';
import type { Audit } from '../audit/audit.ts';
import type { CredentialScheme, RefusalReason } from '../audit/audit-event.ts';
import { isAdministratorDoor } from '../http/administrator-ports.ts';
import { recordLetIn } from '../http/let-in.ts';
import { RetryLaterError } from '../http/retry-later-error.ts';
import type { UntrustedProxyWarning } from '../http/untrusted-proxy.ts';
import { clientAddress } from '../lib/client-address.ts';
import { AuthenticationError } from './authentication-error.ts';
import type { CredentialCache } from './credential-cache.ts';
import { type KnownState, revalidate } from './revalidate.ts';
import type { Attempt, Begin, Refused, Throttle } from './throttle.ts';

/** What stands between a guesser and the accounts. */
export interface AuthenticationServices {
  readonly throttle: Throttle;
  readonly credentialCache: CredentialCache;
  readonly audit: Audit;
  readonly proxies: UntrustedProxyWarning;
  readonly state: KnownState;
}

/** Somebody's claim to be an account. */
export interface Claim {
  /** As the client names it; null when it names none. */
  readonly account: string | null;
  readonly scheme: CredentialScheme;
}

/**
 * Lets a request pass whose credentials are right by what is known here. Null where anything speaks
 * against it: that has to be looked at by `authenticateClaim`. What is known is not asked before the throttle:
 * a block would tell right guesses from wrong ones. Nothing comes between beginning and end, so
 * however many a client sends together, none of those that are right is held up by the others.
 */
export function authenticateLocally(
  request: FastifyRequest,
  claim: Claim & { readonly account: string },
  services: AuthenticationServices,
  find: () => Account | undefined,
): Account | null {
  const { throttle } = services;
  const address = clientAddress(request);
  if (!throttle.allows(address, claim.account)) return null;
  const account = find();
  if (account === undefined || !isAuthorized(request, account)) return null;
  throttle.passed(address, claim.account);
  return authorize(request, claim, services, account);
}

/**
 * Verifies a claim unless too many have failed. `verify` gives the account whose credentials were
 * right, else undefined; it is told whether that account has been let in from there before. Rejects
 * with RetryLaterError or AuthenticationError, each with its line in the audit log. The attempt counts
 * while the state is revalidated: else any number of guesses could be under way together.
 */
export async function authenticateClaim(
  request: FastifyRequest,
  claim: Claim,
  services: AuthenticationServices,
  verify: (isKnown: boolean) => Account | undefined | Promise<Account | undefined>,
): Promise<Account> {
  services.proxies.record(request, false);
  const begun = await beginRevalidated(request, claim, services);
  if (!begun.isAllowed) throw refusedByThrottle(request, claim, services, begun);
  let account: Account | undefined;
  try {
    account = await verify(begun.isKnown);
  } catch (error) {
    begun.attempt.abandoned();
    throw error;
  }
  return conclude(request, claim, services, begun.attempt, account);
}

/** The same where the outcome is known at once and the request rests on revalidated state. */
export function authenticateClaimAtOnce(
  request: FastifyRequest,
  claim: Claim,
  services: AuthenticationServices,
  verify: () => Account | undefined,
): Account {
  services.proxies.record(request, false);
  const begun = services.throttle.begin(clientAddress(request), claim.account);
  if (!begun.isAllowed) throw refusedByThrottle(request, claim, services, begun);
  return conclude(request, claim, services, begun.attempt, verify());
}

/** Begins an attempt and revalidates the state meanwhile. One that was held up by what has changed begins anew. */
async function beginRevalidated(
  request: FastifyRequest,
  claim: Claim,
  { throttle, state }: AuthenticationServices,
): Promise<Begin> {
  const begin = () => throttle.begin(clientAddress(request), claim.account);
  const first = begin();
  try {
    if ((await revalidate(request, state)) || first.isAllowed) return first;
  } catch (error) {
    if (first.isAllowed) first.attempt.abandoned();
    throw error;
  }
  // Those before it whose credentials are right are let in first, and hold up nobody.
  await setImmediate();
  const second = begin();
  return second.isAllowed ? second : { ...second, isFirst: first.isFirst || second.isFirst };
}

function refusedByThrottle(
  request: FastifyRequest,
  claim: Claim,
  { audit }: AuthenticationServices,
  { isFirst, retryAfterSeconds }: Refused,
): RetryLaterError {
  // One line a block: refusing must not fill the disk.
  if (isFirst) recordRefusal(request, claim, 'throttled', audit);
  return new RetryLaterError(429, 'Too many failed attempts.', retryAfterSeconds);
}

function conclude(
  request: FastifyRequest,
  claim: Claim,
  { audit }: AuthenticationServices,
  begun: Attempt,
  account: Account | undefined,
): Account {
  if (account !== undefined) {
    begun.succeeded();
    return account;
  }
  begun.failed();
  recordRefusal(request, claim, 'credentials', audit);
  throw new AuthenticationError();
}

/** Lets an account whose credentials were right in, if this is a door for it. */
export function authorize(
  request: FastifyRequest,
  claim: Claim,
  { audit, proxies }: AuthenticationServices,
  account: Account,
): Account {
  if (!isAuthorized(request, account)) {
    recordRefusal(request, claim, 'not-administrator', audit);
    throw new AuthenticationError();
  }
  request.account = account;
  recordLetIn(request.socket);
  proxies.record(request, true);
  return account;
}

/** Where administrators and resellers knock, nobody else is let in. */
export function isAuthorized(request: FastifyRequest, { role }: Account): boolean {
  return role !== 'user' || !isAdministratorDoor(request);
}

function recordRefusal(
  request: FastifyRequest,
  claim: Claim,
  reason: RefusalReason,
  audit: Audit,
): void {
  const event = claim.scheme === 'form' ? 'login-refused' : 'access-refused';
  const address = clientAddress(request);
  audit.record({ event, address, ...claim, door: doorName(request), reason });
}

/** The name of a URL form in the audit log. */
export function doorName({ url }: Pick<FastifyRequest, 'url'>): string {
  return /^\/(execute|json-api|xml-api|events|login|logout)(?=[/?]|$)/.exec(url)?.[1] ?? 'contract';
}
