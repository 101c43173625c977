import type { ResolvedScope } from '../sessions/scope.ts';
import type { Accounts } from './accounts.ts';

/** Uids whose sessions are wanted; null for everybody's. */
export type Owners = ReadonlySet<number> | null;

export function isWanted(uid: number, owners: Owners): boolean {
  return owners === null || owners.has(uid);
}

/**
 * Whose sessions have to be looked at for a scope. Whose login it is only the record tells, so of
 * logins it is everybody's. Root's belong to no account, whatever system user it stands for.
 */
export function ownersOf(scope: ResolvedScope): Owners {
  if (scope.kind === 'everybody' || scope.logins.length > 0) return null;
  return new Set(scope.uids.filter((uid) => uid !== 0));
}

/** Whose containers have to be looked into for a scope. */
export function accountsOf(scope: ResolvedScope): Accounts {
  return scope.kind === 'everybody' ? null : new Set(scope.accounts);
}
