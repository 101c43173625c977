import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account, AccountDirectory } from '../../../src/accounts/account.ts';
import {
  refusalMs,
  type SystemDirectoryOptions,
  tokensOf,
  withSystemAccounts,
} from '../../../src/accounts/system-account-directory.ts';
import { helperLimitMs } from '../../../src/os/users/password-helper.ts';

function account(name: string, facts: Partial<Account> = {}): Account {
  const none = { ftpLogins: [], owner: null, features: [] };
  return { name, role: 'user', systemUser: name, ...none, ...facts };
}

const added = [
  account('admin', { role: 'admin', systemUser: null }),
  account('bob', { owner: 'shop' }),
  account('shop', { role: 'reseller' }),
];
const file: AccountDirectory = {
  find: (name) => added.find((each) => each.name === name),
  list: () => added,
  ownedBy: (reseller) => added.filter(({ owner }) => owner === reseller),
  generation: (name) => (added.some((each) => each.name === name) ? `file ${name}` : undefined),
  verify: async (name, password) => password === `file ${name}`,
};
const system = [
  { name: 'alice', generation: 'a', owner: null },
  { name: 'bob', generation: 'b', owner: null },
  { name: 'carol', generation: 'c', owner: 'shop' },
  { name: 'dave', generation: 'd', owner: 'nobody' },
];

function directory(options: Partial<SystemDirectoryOptions> = {}) {
  return withSystemAccounts(file, {
    accountsFrom: 'both',
    systemAccounts: () => system,
    verify: async (name, password) => password === `system ${name}`,
    refusalMs: 1,
    ...options,
  });
}

const namesOf = (accounts: readonly Account[]) => accounts.map(({ name }) => name);

test('system users are accounts beside those of the file, which counts for a name that both have', () => {
  const accounts = directory();
  assert.deepEqual(namesOf(accounts.list()), ['admin', 'alice', 'bob', 'carol', 'dave', 'shop']);
  assert.deepEqual(accounts.find('alice'), {
    name: 'alice',
    role: 'user',
    systemUser: 'alice',
    ftpLogins: [],
    owner: null,
    features: ['ftpaccts'],
  });
  assert.equal(accounts.find('bob'), added[1]);
  assert.equal(accounts.find('nobody'), undefined);
  assert.deepEqual(['alice', 'bob', 'x'].map(accounts.generation), ['a', 'file bob', undefined]);
});

test('a reseller owns the users of its rules, and a rule of somebody who is none gives them to nobody', () => {
  const accounts = directory();
  assert.deepEqual(namesOf(accounts.ownedBy('shop')), ['bob', 'carol']);
  assert.equal(accounts.find('carol')?.owner, 'shop');
  assert.deepEqual(accounts.ownedBy('nobody'), []);
  assert.equal(accounts.find('dave')?.owner, null);
});

test('each is let in with the password of its own kind, and only where those count', async () => {
  const whoGetsIn = async (accountsFrom: SystemDirectoryOptions['accountsFrom']) => {
    const { verify } = directory({ accountsFrom });
    const tried = ['alice', 'bob', 'eve'].flatMap((name) =>
      ['file', 'system'].map(
        async (kind) => (await verify(name, `${kind} ${name}`)) && kind + name,
      ),
    );
    return (await Promise.all(tried)).filter(Boolean);
  };
  assert.deepEqual(await whoGetsIn('both'), ['systemalice', 'filebob']);
  assert.deepEqual(await whoGetsIn('system'), ['systemalice', 'systembob']);
  // What others do not know of them counts for nothing.
  const { verify } = directory({ accountsFrom: 'file', verify: () => assert.fail('not asked') });
  assert.equal(await verify('alice', 'system alice'), false);
  assert.equal(await verify('bob', 'file bob'), true);
});

test('of a name that is no account no password is checked', async () => {
  const { verify } = directory({ verify: () => assert.fail('not asked') });
  assert.equal(await verify('root', 'system root'), false);
});

test('every refusal comes at the same moment, whatever the check took or whether it failed; who is right waits for nothing', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const answers: [string, boolean][] = [];
  const { promise, resolve } = promiseWithResolve();
  const { verify } = directory({
    refusalMs: 5_000,
    verify: async (name, password) => {
      if (name === 'carol') throw new Error('the helper is gone');
      if (name === 'dave') await promise;
      return password === 'right';
    },
  });
  const ask = (name: string, password: string) =>
    verify(name, password).then((isRight) => answers.push([name, isRight]));
  const all = [
    ...['alice', 'bob', 'carol', 'dave', 'nobody', 'root'].map((name) => ask(name, 'wrong')),
    ask('alice', 'right'),
  ];
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(answers, [['alice', true]]);
  t.mock.timers.tick(4_000);
  resolve();
  await new Promise((done) => setImmediate(done));
  t.mock.timers.tick(999);
  await new Promise((done) => setImmediate(done));
  assert.equal(answers.length, 1);
  t.mock.timers.tick(1);
  await Promise.all(all);
  assert.equal(answers.length, 7);
  assert.ok(answers.slice(1).every(([, isRight]) => !isRight));
});

test('whoever takes the moment of a refusal has the answer at once, and waits for it elsewhere', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { verify } = directory({ refusalMs: 5_000 });
  const moments: Promise<void>[] = [];
  const postpone = (moment: Promise<void>) => moments.push(moment);
  assert.equal(await verify('alice', 'wrong', postpone), false);
  assert.equal(await verify('alice', 'system alice', postpone), true);
  assert.equal(moments.length, 1);
  let isDue = false;
  const due = moments[0]?.then(() => {
    isDue = true;
  });
  await new Promise((done) => setImmediate(done));
  assert.equal(isDue, false);
  t.mock.timers.tick(5_000);
  await due;
  assert.equal(isDue, true);
});

test('no helper outlasts the moment of a refusal', () => {
  assert.ok(helperLimitMs < refusalMs);
});

test('a token counts for an account of the file alone', () => {
  const tokens = { verify: () => true, isReadOnly: () => false };
  const both = tokensOf(tokens, file, 'both');
  assert.deepEqual([both.verify('bob', 't'), both.isReadOnly('bob', 't')], [true, false]);
  assert.deepEqual([both.verify('alice', 't'), both.isReadOnly('alice', 't')], [false, true]);
  assert.equal(tokensOf(tokens, file, 'system').verify('bob', 't'), false);
});

function promiseWithResolve() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
