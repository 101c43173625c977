import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountNames, type Owned } from '../../../src/access/account-names.ts';
import type { Account } from '../../../src/accounts/account.ts';
import { testServices } from '../../support/app.ts';
import { startPatience } from '../../support/patience.ts';

const account = (name: string, facts: Partial<Account> = {}): Account => ({
  name,
  role: 'user',
  systemUser: name,
  ftpLogins: [],
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
  account('shop', { systemUser: null, ftpLogins: ['*@shop.example'], owner: 'rita' }),
];
const uids = new Map([
  ['alice', 1001],
  ['rita', 1003],
]);

async function uidOf(user: string): Promise<number | null> {
  if (user === 'broken') throw new Error('getent failed');
  return uids.get(user) ?? null;
}

const byUid = (ownerUid: number) => ({ ownerUid, user: null, isUserProven: false });

async function namesFor(
  name: string,
  lookUp = uidOf,
  sessions: readonly Owned[] = [1001, 1003, 0].map(byUid),
): Promise<(string | null)[]> {
  const caller = all.find((each) => each.name === name);
  assert.ok(caller);
  const systemUsers = { uidOf: lookUp, namesOf: async () => new Map() };
  const { accounts, ...host } = testServices({ systemUsers });
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
  return sessions.map(nameOf);
}

test('a session belongs to the account of its uid, best the one of that very name', async () => {
  assert.deepEqual(await namesFor('admin'), ['alice', 'rita', null]);
  assert.deepEqual(await namesFor('rita'), ['alice', 'rita', null]);
});

test('a session in a container belongs to the account of the configuration, whatever its uid and login are', async () => {
  const of = (account: string): Owned => ({
    ownerUid: 1001,
    user: 'info@shop.example',
    isUserProven: true,
    container: { name: 'docker:web', account },
  });
  const sessions = ['rita', 'nobody', 'alice'].map(of);
  assert.deepEqual(await namesFor('admin', uidOf, sessions), ['rita', null, 'alice']);
  assert.deepEqual(await namesFor('rita', uidOf, sessions), ['rita', null, 'alice']);
  assert.deepEqual(await namesFor('alice', uidOf, sessions), [null, null, 'alice']);
});

test('a session belongs to the account that has its proven login, before the one of its uid', async () => {
  const login = (user: string, isUserProven = true, ownerUid = 1001): Owned => ({
    ownerUid,
    user,
    isUserProven,
  });
  const sessions = [
    login('ann@shop.example'),
    login('ann@shop.example', false),
    login('ann@shop.example', true, 0),
    login('@shop.example'),
    login('ann@shop.example.evil', true, 7),
  ];
  assert.deepEqual(await namesFor('rita', uidOf, sessions), ['shop', 'alice', null, 'alice', null]);
  assert.deepEqual(await namesFor('a-shop', uidOf, sessions.slice(0, 1)), ['a-shop']);
});

test('nobody is told the name of an account that is not its own', async () => {
  assert.deepEqual(await namesFor('a-shop'), ['a-shop', null, null]);
  assert.deepEqual(await namesFor('ghost'), [null, null, null]);
});

test('a directory that hangs holds up nobody longer than two seconds, and what was found is told', async (t) => {
  // What bounds the look keeps no process alive by itself.
  const alive = setInterval(() => {}, 1_000);
  t.after(() => clearInterval(alive));
  const asked: string[] = [];
  let answer = () => {};
  // A fake: no directory of this host can be made to hang.
  const hangs = async (user: string) => {
    asked.push(user);
    if (user === 'broken') await new Promise<void>((resolve) => (answer = resolve));
    return await uidOf(user).catch(() => null);
  };
  const [from, patience] = [performance.now(), startPatience(4_000)];
  assert.deepEqual(await namesFor('admin', hangs), ['alice', null, null]);
  const tookMs = performance.now() - from;
  assert.ok(tookMs > 1_900 && !patience.isOver(), `${tookMs} ms`);
  // When it answers at last nobody waits any more, and it is asked nothing further.
  answer();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(asked.at(-1), 'broken');
});
