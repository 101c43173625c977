import type { FastifyRequest } from 'fastify';
import type { Account } from '../accounts/account.ts';
import type { Audit } from '../audit/audit.ts';
import type { CredentialScheme, RefusalReason } from '../audit/audit-event.ts';
import { isAdministratorDoor } from '../http/administrator-ports.ts';
import { noteLetIn } from '../http/let-in.ts';
import type { UntrustedProxyWarning } from '../http/untrusted-proxy.ts';
import { clientAddress } from '../lib/client-address.ts';
import { AuthenticationError } from './authentication-error.ts';
import type { CredentialCache } from './credential-cache.ts';
import type { Allowed, Attempt, Throttle } from './throttle.ts';
import { ThrottledError } from './throttled-error.ts';

/** What stands between a guesser and the accounts. */
export interface Guard {
  readonly throttle: Throttle;
  readonly remembered: CredentialCache;
  readonly audit: Audit;
  readonly proxies: UntrustedProxyWarning;
}

/** Somebody's claim to be an account. */
export interface Claim {
  /** As the client names it; null when it names none. */
  readonly account: string | null;
  readonly scheme: CredentialScheme;
}

/**
 * Verifies a claim unless too many have failed. `verify` gives the account whose credentials were
 * right, else undefined; it is told whether that account has been let in from there before. Rejects with ThrottledError or AuthenticationError, each with its line in
 * the audit log.
 */
export async function attempt(
  request: FastifyRequest,
  claim: Claim,
  guard: Guard,
  verify: (isKnown: boolean) => Promise<Account | undefined>,
): Promise<Account> {
  const { attempt: begun, isKnown } = begin(request, claim, guard);
  let account: Account | undefined;
  try {
    account = await verify(isKnown);
  } catch (error) {
    begun.abandoned();
    throw error;
  }
  return conclude(request, claim, guard, begun, account);
}

/**
 * The same where the outcome is known at once. Nothing comes between beginning and end, so however
 * many a client sends together, none of those that are right is held up by the others.
 */
export function attemptAtOnce(
  request: FastifyRequest,
  claim: Claim,
  guard: Guard,
  verify: () => Account | undefined,
): Account {
  const { attempt: begun } = begin(request, claim, guard);
  let account: Account | undefined;
  try {
    account = verify();
  } catch (error) {
    begun.abandoned();
    throw error;
  }
  return conclude(request, claim, guard, begun, account);
}

function begin(request: FastifyRequest, claim: Claim, guard: Guard): Allowed {
  const { throttle, audit, proxies } = guard;
  proxies.note(request, false);
  const begun = throttle.begin(clientAddress(request), claim.account);
  if (begun.isAllowed) return begun;
  // One line a block: refusing must not fill the disk.
  if (begun.isFirst) noteRefusal(request, claim, 'throttled', audit);
  throw new ThrottledError(begun.retryAfterSeconds);
}

function conclude(
  request: FastifyRequest,
  claim: Claim,
  { audit }: Guard,
  begun: Attempt,
  account: Account | undefined,
): Account {
  if (account !== undefined) {
    begun.succeeded();
    return account;
  }
  begun.failed();
  noteRefusal(request, claim, 'credentials', audit);
  throw new AuthenticationError();
}

/** Lets an account whose credentials were right in, if this is a door for it. */
export function admit(
  request: FastifyRequest,
  claim: Claim,
  { audit, proxies }: Guard,
  account: Account,
): Account {
  if (!mayKnock(request, account)) {
    noteRefusal(request, claim, 'not-administrator', audit);
    throw new AuthenticationError();
  }
  request.account = account;
  noteLetIn(request.socket);
  proxies.note(request, true);
  return account;
}

/** Where administrators and resellers knock, nobody else is let in. */
export function mayKnock(request: FastifyRequest, { role }: Account): boolean {
  return role !== 'user' || !isAdministratorDoor(request);
}

function noteRefusal(
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
  return /^\/(execute|json-api|xml-api|login|logout)(?=[/?]|$)/.exec(url)?.[1] ?? 'contract';
}
