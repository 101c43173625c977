import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownershipOf } from '../../../src/access/owner.ts';
import type { Account } from '../../../src/accounts/account.ts';
import { everybody, ofUids, ofUidsOrLogins, type Scope } from '../../../src/sessions/scope.ts';

function account(name: string, facts: Partial<Account> = {}): Account {
  const none = { ftpLogins: [], owner: null, features: [] };
  return { name, role: 'user', systemUser: name, ...none, ...facts };
}

const rita = account('rita', { role: 'reseller' });
const all = [
  rita,
  account('roy', { role: 'reseller' }),
  account('admin', { role: 'admin', systemUser: null }),
  account('alice', { owner: 'rita' }),
  account('alice-shop', { owner: 'rita', systemUser: 'alice' }),
  account('ghost', { owner: 'rita', systemUser: 'no-such' }),
  account('bob', { owner: 'rita.evil' }),
  account('bobby'),
  account('bob@x'),
  account('bob@x.evil'),
  account('client-00000099'),
  account('zero', { systemUser: 'root' }),
  account('ron', { role: 'reseller', systemUser: 'bob' }),
  account('mail', { owner: 'ron', systemUser: null, ftpLogins: ['info@a.example', '*@b.example'] }),
];
const directory = {
  find: (name: string) => all.find((each) => each.name === name),
  list: () => assert.fail('is not asked'),
  ownedBy: (reseller: string) => all.filter(({ owner }) => owner === reseller),
  generation: () => undefined,
  verify: async () => false,
};
const uids = new Map([
  ['alice', 1001],
  ['bob', 1002],
  ['bobby', 1003],
  ['bob@x', 1004],
  ['bob@x.evil', 1005],
  ['client-00000099', 1006],
  ['rita', 900],
  ['roy', 1002],
  ['root', 0],
]);
const ownership = (
  name: string,
  known: ReadonlyMap<string, number> = uids,
  containers?: readonly string[],
) => {
  const found = directory.find(name);
  assert.ok(found);
  return ownershipOf(found, {
    accounts: directory,
    systemUsers: { uidOf: async (user: string) => known.get(user) ?? null },
    ...(containers === undefined ? {} : { containerAccounts: new Set(containers) }),
  });
};

test('an administrator sees everybody’s', async () => {
  assert.deepEqual(await ownership('admin'), { scope: everybody, isEmpty: false, warnings: [] });
});

test('a user sees its own uid alone, whatever its name looks like', async () => {
  for (const [name, uid] of [
    ['alice', 1001],
    ['alice-shop', 1001],
    ['bob', 1002],
    ['bobby', 1003],
    ['bob@x', 1004],
    ['bob@x.evil', 1005],
    ['client-00000099', 1006],
  ] as const) {
    const seen = { scope: ofUids([uid]), isEmpty: false, warnings: [] };
    assert.deepEqual(await ownership(name), seen, name);
  }
});

test('a reseller sees itself and the accounts that it owns, and is told of those without a user', async () => {
  const { scope, warnings } = await ownership('rita');
  assert.deepEqual(scope, ofUids([900, 1001]));
  assert.deepEqual(warnings, [
    {
      code: 'system-user-unknown',
      text: 'The account “ghost” stands for the system user “no-such”, and this server has no such user.',
    },
  ]);
  assert.deepEqual((await ownership('roy')).scope, ofUids([1002]));
});

test('an account of FTP logins sees theirs by no uid, its reseller by both', async () => {
  const logins = ['info@a.example', '*@b.example'];
  const mail = { scope: ofUidsOrLogins([], logins), isEmpty: false, warnings: [] };
  assert.deepEqual(await ownership('mail'), mail);
  const ron = { scope: ofUidsOrLogins([1002], logins), isEmpty: false, warnings: [] };
  assert.deepEqual(await ownership('ron'), ron);
});

test('a user whose name owns accounts sees none of them without the reseller’s role', async () => {
  const user = { ...rita, role: 'user' } as const;
  const uidOf = async (name: string) => uids.get(name) ?? null;
  const { scope } = await ownershipOf(user, { accounts: directory, systemUsers: { uidOf } });
  assert.deepEqual(scope, ofUids([900]));
});

test('a container is that of the account which the configuration names, and of its reseller’s', async () => {
  const scopeOf = async (name: string) =>
    (await ownership(name, uids, ['alice-shop', 'mail'])).scope;
  const ofAccounts = (scope: Scope) => (scope.kind === 'some' ? scope.accounts : 'not some');
  const seen = ['alice-shop', 'mail', 'ron', 'alice', 'bob', 'roy', 'admin'] as const;
  const found = await Promise.all(
    seen.map(async (name) => [name, ofAccounts(await scopeOf(name))]),
  );
  assert.deepEqual(Object.fromEntries(found), {
    'alice-shop': ['alice-shop'],
    mail: ['mail'],
    ron: ['mail'],
    alice: undefined,
    bob: undefined,
    roy: undefined,
    admin: 'not some',
  });
});

test('without its system user an account sees nobody’s, which is not everybody’s', async () => {
  const { scope, isEmpty, warnings } = await ownership('ghost');
  assert.deepEqual([scope, isEmpty], [ofUids([]), true]);
  assert.equal(warnings.length, 1);
});

test('a name that was given to another uid counts from the next call on', async () => {
  const changing = new Map(uids);
  assert.deepEqual((await ownership('bob', changing)).scope, ofUids([1002]));
  changing.set('bob', 2002);
  assert.deepEqual((await ownership('bob', changing)).scope, ofUids([2002]));
});

test('a user that could not be looked up is an error, and not nobody', async () => {
  const uidOf = () => Promise.reject(new Error('the directory is down'));
  await assert.rejects(
    ownershipOf(rita, { accounts: directory, systemUsers: { uidOf } }),
    /directory is down/,
  );
});

test('root’s sessions are no account’s, whatever system user it stands for, and that is said', async () => {
  const { scope, isEmpty, warnings } = await ownership('zero');
  assert.deepEqual([scope, isEmpty], [ofUids([]), true]);
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['system-user-is-root'],
  );
  assert.match(warnings[0]?.text ?? '', /“zero” stands for the system user “root”, which is root/);
});
