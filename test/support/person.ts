import type { Account } from '../../src/accounts/account.ts';

/** An account with the feature of FTP and nothing else but what is given. */
export function person(name: string, more: Partial<Account> = {}): Account {
  return {
    name,
    role: 'user',
    systemUser: null,
    ftpLogins: [],
    owner: null,
    features: ['ftpaccts'],
    ...more,
  };
}
