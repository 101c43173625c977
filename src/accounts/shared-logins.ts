import { listed } from '../lib/listed.ts';
import type { Account } from './account.ts';

/** Accounts whose sessions may be of one FTP login. */
export interface LoginAccounts {
  /** The narrowest of their patterns. */
  readonly login: string;
  /** By name. */
  readonly accounts: readonly Account[];
}

/**
 * The FTP logins that accounts of different owners have: each of those sees and ends the sessions of
 * the others. Accounts of one reseller, and the reseller, are of one owner. `*@b.example` is within
 * `*.example`, and so is `a@b.example`.
 */
export function sharedLogins(accounts: readonly Account[]): readonly LoginAccounts[] {
  const having = new Map<string, Account[]>();
  for (const account of accounts) {
    // The system user's own login is its account's by its uid.
    for (const login of [...account.ftpLogins, account.systemUser ?? []].flat()) {
      having.set(login, [...(having.get(login) ?? []), account]);
    }
  }
  return [...having.keys()].flatMap((login) => {
    const those = new Set(wider(login).flatMap((each) => having.get(each) ?? []));
    const owners = new Set([...those].map(({ name, owner }) => owner ?? name));
    // Two of one system user share its uid, which is said elsewhere.
    const isByLogin = [...those].some(({ ftpLogins }) => ftpLogins.length > 0);
    return isByLogin && owners.size > 1
      ? { login, accounts: accounts.filter((each) => those.has(each)) }
      : [];
  });
}

/** The pattern, and all those that name each login that it names. */
function wider(login: string): string[] {
  const text = login.startsWith('*') ? login.slice(1) : login;
  const ends = Array.from({ length: text.length - 1 }, (_, index) => `*${text.slice(index + 1)}`);
  return [login, ...ends];
}

/** What a start says of accounts that have FTP logins in common; null when there are none. */
export function formatSharedLogins(accounts: readonly Account[]): string | null {
  const [first, ...further] = sharedLogins(accounts);
  if (first === undefined) return null;
  const who = listed(first.accounts.map(({ name }) => name));
  const others = further.length > 0 ? `, and ${further.length} more` : '';
  return `Accounts of different owners have FTP logins in common, and see and end each other’s FTP sessions (${JSON.stringify(first.login)}: ${who}${others}).`;
}
