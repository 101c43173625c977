import type { AccountDirectory, RoleFlags } from '../accounts/account.ts';
import { placesOf } from '../accounts/placements.ts';
import type { AuditEvent } from '../audit/audit-event.ts';
import type { EndAsk } from '../fleet/messages/ask.ts';

/** What the monitor itself reads of who may have what ended through a gateway. */
export interface EndingRights {
  readonly accounts: Pick<AccountDirectory, 'find' | 'ownedBy'>;
  readonly roles: RoleFlags;
}

/** A worker's clock is this one, but for a step of it. */
const maxAheadMs = 1_000;

/**
 * Whether the account that a request names may have ended what it names: an administrator everybody's, any
 * other those of the system users of its places on that host. Whose credentials came with the call is the
 * worker's word; whoever that is may act for the account.
 */
export function mayEnd(ask: EndAsk, { accounts, roles }: EndingRights, now: number): boolean {
  const [account, caller] = [accounts.find(ask.account), accounts.find(ask.by)];
  if (account === undefined || caller === undefined || !roles.isEnabled('FTP')) return false;
  // A signature for later would be one for whenever somebody likes.
  if (ask.issuedAt > now + maxAheadMs || now > ask.issuedAt + ask.validMs) return false;
  const actsForIt =
    caller.role === 'admin' || caller.name === account.name || account.owner === caller.name;
  if (!actsForIt) return false;
  if (account.role === 'admin') return true;
  if (!account.features.includes('ftpaccts') || ask.users === null) return false;
  const places = placesOf(account, accounts).filter(({ host }) => host === ask.hosts[0]);
  const own = new Set(places.map(({ systemUser }) => systemUser));
  return ask.users.every((user) => own.has(user));
}

/** The line of the audit log about a request that is signed. */
export function endSigned({ account, by, address, hosts, targets }: EndAsk): AuditEvent {
  const [only] = targets.length === 1 ? targets : [];
  return {
    event: 'session-end-signed',
    address,
    account,
    by,
    host: hosts[0] ?? '',
    pid: only?.pid ?? null,
    start: only?.startTime ?? null,
    sessions: targets.length,
  };
}
