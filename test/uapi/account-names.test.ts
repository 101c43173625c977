import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../src/auth/account.ts';
import { accountNames } from '../../src/uapi/account-names.ts';
import { testServices } from '../support/app.ts';

const account = (name: string, facts: Partial<Account> = {}): Account => ({
  name,
  role: 'user',
  systemUser: name,
  owner: null,
  features: [],
  ...facts,
});
const admin = account('admin', { role: 'admin', systemUser: null });
const all = [
  account('a-shop', { systemUser: 'alice' }),
  admin,
  account('alice', { owner: 'rita' }),
  account('alice-too', { systemUser: 'alice' }),
  account('broken'),
  account('ghost'),
  account('rita', { role: 'reseller' }),
];
const uids = new Map([
  ['alice', 1001],
  ['rita', 1003],
]);

async function namesFor(name: string): Promise<(string | null)[]> {
  const caller = all.find((each) => each.name === name);
  assert.ok(caller);
  const { accounts, ...host } = testServices({
    systemUsers: {
      uidOf: async (user) => {
        if (user === 'broken') throw new Error('getent hangs');
        return uids.get(user) ?? null;
      },
      namesOf: async () => new Map(),
    },
  });
  const nameOf = await accountNames({
    account: caller,
    host: {
      ...host,
      accounts: {
        ...accounts,
        list: () => all,
        ownedBy: (reseller) => all.filter(({ owner }) => owner === reseller),
      },
    },
  });
  return [1001, 1003, 0].map(nameOf);
}

test('a session belongs to the account of its uid, best the one of that very name', async () => {
  assert.deepEqual(await namesFor('admin'), ['alice', 'rita', null]);
  assert.deepEqual(await namesFor('rita'), ['alice', 'rita', null]);
});

test('nobody is told the name of an account that is not its own', async () => {
  assert.deepEqual(await namesFor('a-shop'), ['a-shop', null, null]);
  assert.deepEqual(await namesFor('ghost'), [null, null, null]);
});
