import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../../src/accounts/account.ts';
import { formatSharedLogins, sharedLogins } from '../../../src/accounts/shared-logins.ts';
import { loginFilter } from '../../../src/sessions/scope.ts';

const account = (
  name: string,
  ftpLogins: readonly string[],
  owner: string | null = null,
): Account => ({ name, role: 'user', systemUser: null, ftpLogins, owner, features: [] });

const shared = (...accounts: readonly Account[]) =>
  sharedLogins(accounts).map(({ login, accounts: those }) => [
    login,
    ...those.map(({ name }) => name),
  ]);

test('a login is shared by accounts that name it, or ends that it has', () => {
  const all = [
    account('all', ['*.example']),
    account('other', ['*@other.example2', 'shop.example', '.example']),
    account('shop', ['*@shop.example']),
    account('ann', ['ann@shop.example']),
  ];
  assert.deepEqual(shared(...all), [
    ['shop.example', 'all', 'other'],
    ['*@shop.example', 'all', 'shop'],
    ['ann@shop.example', 'all', 'shop', 'ann'],
  ]);
});

test('accounts of one reseller, and one account with itself, share nothing', () => {
  const rita = { ...account('rita', ['*a']), role: 'reseller' } as const;
  assert.deepEqual(shared(rita, account('one', ['a', 'ba', '*a'], 'rita')), []);
  assert.deepEqual(shared(rita, account('one', ['ba'], 'rita'), account('two', ['ba'], 'roy')), [
    ['ba', 'rita', 'one', 'two'],
  ]);
});

test('a system user’s own login is one of its account’s', () => {
  const bob = { ...account('bob', []), systemUser: 'bob' };
  assert.deepEqual(shared(bob, account('other', ['*ob'])), [['bob', 'bob', 'other']]);
  assert.deepEqual(shared(bob, { ...bob, name: 'too' }, account('other', ['*@bob'])), []);
});

test('what two accounts share is what a login can be of both', () => {
  const patterns = ['a', 'aa', 'ba', 'aba', '*a', '*ba', '*b', 'b', '*aba'];
  const logins = ['a', 'b', 'aa', 'ba', 'aba', 'caba', 'ab', 'x'];
  for (const one of patterns) {
    for (const other of patterns) {
      const isOfBoth = logins.some((login) =>
        [one, other].every((each) => loginFilter([each])(login)),
      );
      const found = shared(account('one', [one]), account('other', [other]));
      assert.equal(found.length > 0, isOfBoth, `${one} ${other}`);
    }
  }
});

test('a start says the first that is shared, and how many more', () => {
  const many = (name: string, from: number) =>
    account(
      name,
      Array.from({ length: 3 }, (_, index) => `info-${from + index}`),
    );
  assert.equal(formatSharedLogins([many('a', 0), many('b', 5)]), null);
  assert.equal(
    formatSharedLogins([many('a', 0), many('b', 1), many('c', 1), many('d', 1), many('e', 1)]),
    'Accounts of different owners have FTP logins in common, and see and end each other’s FTP sessions ("info-1": a, b, c and 2 more, and 2 more).',
  );
});
