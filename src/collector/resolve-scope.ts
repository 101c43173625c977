import type { RefreshedSystemUsers } from '../os/users/system-users.ts';
import { ofUids, type ResolvedScope, requireHostScope, type Scope } from '../sessions/scope.ts';
import type { Gap, Snapshot } from '../sessions/session.ts';

/** Finds system users as they are now. */
export type UserLookup = Pick<RefreshedSystemUsers, 'refresh' | 'uidsOf'>;

/** A scope that tells of each session whether it is in it, and what is to be said of the scope itself. */
export interface Resolution {
  readonly scope: ResolvedScope;
  readonly gaps: readonly Gap[];
}

export function isResolved(scope: Scope): scope is ResolvedScope {
  return scope.kind === 'everybody' || scope.kind === 'some';
}

/**
 * Puts uids in the place of system users. One that this host does not have, or that is root, is a gap
 * of the whole answer. Rejects when they cannot be looked up: that is not to say that there are none.
 */
export async function resolveScope(scope: Scope, systemUsers: UserLookup): Promise<Resolution> {
  const asked = requireHostScope(scope);
  if (isResolved(asked)) return { scope: asked, gaps: [] };
  const { names } = asked;
  systemUsers.refresh();
  const found = await systemUsers.uidsOf(names);
  const uids: number[] = [];
  const gaps: Gap[] = [];
  for (const systemUser of names) {
    const uid = found.get(systemUser);
    if (uid === undefined) gaps.push({ cause: 'system-user-unknown', ownerUid: null, systemUser });
    else if (uid === 0) gaps.push({ cause: 'system-user-is-root', ownerUid: null, systemUser });
    else uids.push(uid);
  }
  return { scope: ofUids(uids), gaps };
}

/** The same snapshot, which also says this. */
export function withGaps(snapshot: Snapshot, gaps: readonly Gap[]): Snapshot {
  return gaps.length === 0 ? snapshot : { ...snapshot, gaps: [...gaps, ...snapshot.gaps] };
}
