import { listed } from '../lib/listed.ts';
import type { Account } from './account.ts';

/** Accounts whose sessions belong to one uid. */
export interface UidAccounts {
  readonly uid: number;
  /** By name. */
  readonly accounts: readonly Account[];
}

/**
 * The uids that accounts of different owners stand for: each of those sees and ends the sessions of the
 * others. Accounts of one reseller, and the reseller, are of one owner. `uids` has the uid of each
 * system user that has one.
 */
export function sharedUids(
  accounts: readonly Account[],
  uids: ReadonlyMap<string, number>,
): readonly UidAccounts[] {
  return byUid(accounts, uids).filter(
    (each) => new Set(each.accounts.map(({ name, owner }) => owner ?? name)).size > 1,
  );
}

/** The accounts that stand for root, under whatever name. */
export function accountsOfRoot(
  accounts: readonly Account[],
  uids: ReadonlyMap<string, number>,
): readonly Account[] {
  return byUid(accounts, uids).find(({ uid }) => uid === 0)?.accounts ?? [];
}

function byUid(
  accounts: readonly Account[],
  uids: ReadonlyMap<string, number>,
): readonly UidAccounts[] {
  const found = new Map<number, Account[]>();
  for (const account of accounts) {
    const uid = account.systemUser === null ? undefined : uids.get(account.systemUser);
    if (uid === undefined) continue;
    const others = found.get(uid) ?? [];
    others.push(account);
    found.set(uid, others);
  }
  return [...found].map(([uid, those]) => ({ uid, accounts: those }));
}

/** What a start says of accounts that see more than is theirs: at most a sentence for each kind. */
export function formatUids(
  accounts: readonly Account[],
  uids: ReadonlyMap<string, number>,
): string[] {
  const shared = sharedUids(accounts, uids);
  const ofRoot = accountsOfRoot(accounts, uids);
  const sentences: string[] = [];
  if (shared.length > 0) {
    const which = listed(
      shared.map((each) => `${each.uid}: ${listed(namesOf(each.accounts))}`),
      '; ',
    );
    const count = shared.length === 1 ? '1 uid is' : `${shared.length} uids are`;
    sentences.push(
      `${count} shared by accounts of different owners, which see and end each other’s FTP sessions (${which}).`,
    );
  }
  if (ofRoot.length > 0) {
    const stand = ofRoot.length === 1 ? 'stands' : 'stand';
    sentences.push(`${listed(namesOf(ofRoot))} ${stand} for root (uid 0).`);
  }
  return sentences;
}

function namesOf(accounts: readonly Account[]): string[] {
  return accounts.map(({ name }) => name);
}
