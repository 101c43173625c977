/** Accounts whose containers' sessions are wanted; null for everybody's. */
export type Accounts = ReadonlySet<string> | null;

export const noAccounts: Accounts = new Set();

export function isWantedAccount(account: string, accounts: Accounts): boolean {
  return accounts === null || accounts.has(account);
}
