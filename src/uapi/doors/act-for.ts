import type { FastifyRequest } from 'fastify';
import type { Account, AccountDirectory } from '../../accounts/account.ts';
import { accountOf } from '../../auth/authentication.ts';
import { isAdministratorDoor } from '../../http/administrator-ports.ts';

/** What clients of the original read when an administrator's call names no account of the server. */
export const invalidUser = 'User parameter is invalid or was not supplied';

/**
 * The account on whose behalf a call of the administrator's forms is made. An administrator may
 * name any, a reseller itself and those that it owns, and both must name one where only they knock;
 * anybody else acts for itself, whatever it names. Null when the account named does not exist or is
 * not the caller's, which are the same to it, or none is where one has to be.
 */
export function accountToActFor(
  request: FastifyRequest,
  named: string | undefined,
  accounts: AccountDirectory,
): Account | null {
  const caller = accountOf(request);
  if (caller.role === 'user') return caller;
  if (named === undefined || named === '') return isAdministratorDoor(request) ? null : caller;
  const account = accounts.find(named);
  if (account === undefined) return null;
  const isAllowed =
    caller.role === 'admin' || account.owner === caller.name || account.name === caller.name;
  return isAllowed ? account : null;
}
