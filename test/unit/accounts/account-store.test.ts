import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { isAccountName } from '../../../src/accounts/names.ts';
import { generatePassword } from '../../../src/accounts/password.ts';
import { RefusedError } from '../../../src/lib/refused-error.ts';
import { isSystemUserName } from '../../../src/os/users/system-user-name.ts';
import { StateFileError } from '../../../src/state/state-file-error.ts';

const password = generatePassword();

let dir: string;
let problems: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'uapid-accounts-'));
  problems = [];
});
afterEach(() => rmSync(dir, { recursive: true }));

const open = () => openAccountStore(dir, { onProblem: (message) => problems.push(message) });
const refused = (reason: string) => (error: unknown) =>
  error instanceof RefusedError && error.reason === reason && !error.message.includes(password);

test('an account that was added is found and verified by every store of the directory', async () => {
  const server = open();
  assert.equal(server.isEmpty(), true);
  await open().add({ name: 'alice', role: 'user', password });
  await open().add({ name: 'shop@example', role: 'user', systemUser: 'bob', password });
  await open().add({ name: 'Root', role: 'admin', password });
  assert.equal(server.isEmpty(), false);
  const common = { ftpLogins: [], owner: null, features: ['ftpaccts'] };
  assert.deepEqual(server.list(), [
    { name: 'Root', role: 'admin', systemUser: null, ...common },
    { name: 'alice', role: 'user', systemUser: 'alice', ...common },
    { name: 'shop@example', role: 'user', systemUser: 'bob', ...common },
  ]);
  const alice = { name: 'alice', role: 'user', systemUser: 'alice', ...common };
  assert.deepEqual(server.find('alice'), alice);
  assert.equal(server.find('Alice'), undefined);
  assert.equal(await server.verify('alice', password), true);
  assert.equal(await server.verify('alice', `${password}x`), false);
  assert.equal(await server.verify('alice', ''), false);
  assert.equal(await server.verify('nobody', password), false);
  assert.equal(await server.verify('__proto__', password), false);
});

test('an unknown account takes as long to refuse as a wrong password', async () => {
  const store = open();
  await store.add({ name: 'alice', role: 'user', password });
  const fastest = { alice: Infinity, nobody: Infinity };
  for (let round = 0; round < 5; round++) {
    for (const name of ['alice', 'nobody'] as const) {
      const before = performance.now();
      await store.verify(name, 'wrong password');
      fastest[name] = Math.min(fastest[name], performance.now() - before);
    }
  }
  // Without a hash to compare with, the answer would come a hundred times as fast.
  assert.ok(fastest.nobody > fastest.alice / 3, JSON.stringify(fastest));
});

test('an account stands for FTP logins in place of a system user, never for both or neither', async () => {
  const store = open();
  const ftpLogins = ['*@shop.example', 'info', 'info'];
  await store.add({ name: 'shop', role: 'user', ftpLogins, password });
  const { systemUser, ftpLogins: kept } = open().find('shop') ?? {};
  assert.deepEqual([systemUser, kept], [null, ['*@shop.example', 'info']]);
  const x = { name: 'x', role: 'user', password } as const;
  for (const wrong of [
    { ...x, ftpLogins, systemUser: 'bob' },
    { ...x, ftpLogins, role: 'admin' as const },
    { ...x, ftpLogins: ['*'] },
    { ...x, ftpLogins: ['a*'] },
    { ...x, ftpLogins: [''] },
    { ...x, ftpLogins: Array.from({ length: 101 }, (_, index) => `info-${index}`) },
  ]) {
    await assert.rejects(store.add(wrong), refused('invalid'));
  }
  const path = join(dir, 'accounts.json');
  const text = readFileSync(path, 'utf8');
  const shop = JSON.parse(text).accounts[0];
  for (const changes of [
    { systemUser: 'bob' },
    { ftpLogins: [] },
    { ftpLogins: ['*'] },
    { role: 'reseller', owner: undefined, systemUser: 'bob' },
  ]) {
    writeFileSync(path, JSON.stringify({ version: 1, accounts: [{ ...shop, ...changes }] }));
    assert.throws(() => open().list(), StateFileError, JSON.stringify(changes));
  }
  const { ftpLogins: _, ...before } = { ...shop, systemUser: 'bob' };
  writeFileSync(path, JSON.stringify({ version: 1, accounts: [before] }));
  assert.deepEqual(open().find('shop')?.ftpLogins, []);
});

test('a change is of what is named alone, whatever others have changed meanwhile', async () => {
  const store = open();
  await store.add({ name: 'bob', role: 'admin', password });
  // Others change the role while this one still has its password checked.
  const renewed = generatePassword();
  const change = store.change('bob', {}, { password: renewed });
  await open().change('bob', { role: 'user', systemUser: 'bob' });
  const { account, isOther, hasNewPassword } = await change;
  assert.deepEqual([account.role, isOther, hasNewPassword], ['user', false, true]);
  assert.equal(open().find('bob')?.role, 'user');
  assert.equal(await open().verify('bob', renewed), true);
});

test('a change that nobody could read back is refused, and nothing is written', async () => {
  const store = open();
  await store.add({ name: 'rita', role: 'reseller', password });
  const path = join(dir, 'accounts.json');
  const before = readFileSync(path, 'utf8');
  await assert.rejects(store.change('rita', { role: 'user', owner: 'rita' }), refused('unknown'));
  assert.equal(readFileSync(path, 'utf8'), before);
});

test('without FTP logins the file says nothing of them, so that it is as it was before they came', async () => {
  await open().add({ name: 'alice', role: 'user', password });
  assert.doesNotMatch(readFileSync(join(dir, 'accounts.json'), 'utf8'), /ftpLogins/);
});

test('no password is in the file', async () => {
  await open().add({ name: 'alice', role: 'user', password });
  assert.equal(readFileSync(join(dir, 'accounts.json'), 'utf8').includes(password), false);
});

test('a new password replaces the old one and a removed account is gone, in a running server too', async () => {
  const server = open();
  await server.add({ name: 'alice', role: 'user', password });
  const renewed = generatePassword();
  await open().setPassword('alice', renewed);
  assert.equal(await server.verify('alice', password), false);
  assert.equal(await server.verify('alice', renewed), true);
  await open().remove('alice');
  assert.equal(await server.verify('alice', renewed), false);
  assert.equal(server.find('alice'), undefined);
});

test('refused: a name that exists, an unknown one, a bad name, user or password', async () => {
  const store = open();
  await store.add({ name: 'alice', role: 'user', password });
  const again = { name: 'alice', role: 'admin', password } as const;
  await assert.rejects(store.add(again), refused('exists'));
  await assert.rejects(store.setPassword('bob', password), refused('unknown'));
  await assert.rejects(store.remove('bob'), refused('unknown'));
  await assert.rejects(store.add({ ...again, name: 'a:b' }), refused('invalid'));
  await assert.rejects(store.add({ ...again, name: 'x', password: 'short' }), refused('invalid'));
  await assert.rejects(store.add({ ...again, name: 'x', systemUser: 'bob' }), refused('invalid'));
  const badUser = { name: 'x', role: 'user', systemUser: '-x', password } as const;
  await assert.rejects(store.add(badUser), refused('invalid'));
  await assert.rejects(store.setPassword('alice', ''), refused('invalid'));
  assert.equal(store.list().length, 1);
});

const names = (accounts: readonly { readonly name: string }[]) => accounts.map(({ name }) => name);

test('a reseller owns the accounts that were added with it as owner, and nobody else’s', async () => {
  const store = open();
  for (const name of ['rita', 'rita.evil']) await store.add({ name, role: 'reseller', password });
  await store.add({ name: 'alice', role: 'user', owner: 'rita', password });
  await store.add({ name: 'shop', role: 'user', owner: 'rita', systemUser: 'alice', password });
  await store.add({ name: 'bob', role: 'user', owner: 'rita.evil', password });
  await store.add({ name: 'carol', role: 'user', password });
  assert.equal(store.find('alice')?.owner, 'rita');
  assert.deepEqual(names(open().ownedBy('rita')), ['alice', 'shop']);
  assert.deepEqual(names(store.ownedBy('rita.evil')), ['bob']);
  for (const name of ['alice', 'carol', 'Rita', 'rita.', '', 'null', '__proto__']) {
    assert.deepEqual(store.ownedBy(name), [], name);
  }
});

test('refused: an owner that is no reseller, and an owner of anybody but a user', async () => {
  const store = open();
  await store.add({ name: 'rita', role: 'reseller', password });
  await store.add({ name: 'boss', role: 'admin', password });
  await store.add({ name: 'alice', role: 'user', password });
  for (const owner of ['nobody', 'boss', 'alice', 'Rita', 'bob', '']) {
    const bob = { name: 'bob', role: 'user', owner, password } as const;
    await assert.rejects(store.add(bob), refused('unknown'), owner);
  }
  for (const role of ['reseller', 'admin'] as const) {
    await assert.rejects(
      store.add({ name: 'x', role, owner: 'rita', password }),
      refused('invalid'),
    );
  }
  assert.equal(store.list().length, 3);
});

test('a reseller that owns accounts stays, so that a later one of its name inherits nothing', async () => {
  const store = open();
  await store.add({ name: 'rita', role: 'reseller', password });
  await store.add({ name: 'alice', role: 'user', owner: 'rita', password });
  await store.add({ name: 'bob', role: 'user', owner: 'rita', password });
  await assert.rejects(open().remove('rita'), {
    name: 'RefusedError',
    message: 'the reseller rita still owns 2 accounts; remove them first',
  });
  await store.remove('bob');
  await assert.rejects(store.remove('rita'), /still owns 1 account; remove it first/);
  await store.remove('alice');
  await store.remove('rita');
  await store.add({ name: 'rita', role: 'reseller', password });
  assert.deepEqual(store.ownedBy('rita'), []);
});

test('of an account that gets an owner and the owner’s removal at once only one comes about', async () => {
  const store = open();
  for (let round = 0; round < 3; round++) {
    await store.add({ name: 'rita', role: 'reseller', password });
    const [added, removed] = await Promise.allSettled([
      open().add({ name: 'alice', role: 'user', owner: 'rita', password }),
      open().remove('rita'),
    ]);
    assert.notEqual(added.status, removed.status);
    if (added.status === 'fulfilled') await store.remove('alice');
    if (removed.status === 'rejected') await store.remove('rita');
  }
});

test('a feature is taken and given, of one account and without a trace of doing it twice', async () => {
  const server = open();
  for (const name of ['alice', 'bob']) await server.add({ name, role: 'user', password });
  await server.add({ name: 'rita', role: 'reseller', password });
  await server.add({ name: 'boss', role: 'admin', password });
  const has = () => server.list().filter(({ features }) => features.includes('ftpaccts'));
  assert.deepEqual(names(has()), ['alice', 'bob', 'boss', 'rita']);
  for (const name of ['alice', 'rita', 'rita']) await open().setFeature(name, 'ftpaccts', false);
  assert.deepEqual(names(has()), ['bob', 'boss']);
  for (let i = 0; i < 2; i++) await open().setFeature('alice', 'ftpaccts', true);
  assert.deepEqual(server.find('alice')?.features, ['ftpaccts']);
  await assert.rejects(server.setFeature('boss', 'ftpaccts', false), refused('refused'));
  await assert.rejects(server.setFeature('nobody', 'ftpaccts', true), refused('unknown'));
});

test('an account’s generation changes with its password and with its being another, and only then', async () => {
  const store = open();
  await store.add({ name: 'rita', role: 'reseller', password });
  await store.add({ name: 'alice', role: 'user', owner: 'rita', password });
  const seen = [store.generation('alice')];
  await store.setFeature('alice', 'ftpaccts', false);
  await store.setPassword('rita', password);
  assert.equal(store.generation('alice'), seen[0]);
  await store.setPassword('alice', password);
  seen.push(store.generation('alice'));
  await store.remove('alice');
  assert.equal(store.generation('alice'), undefined);
  await store.add({ name: 'alice', role: 'user', password });
  seen.push(store.generation('alice'), store.generation('rita'));
  assert.ok(!seen.includes(undefined));
  assert.equal(new Set(seen).size, seen.length);
});

test('accounts of a file from before owners and features have no owner and every feature', async () => {
  await open().add({ name: 'alice', role: 'user', password });
  const path = join(dir, 'accounts.json');
  const file = JSON.parse(readFileSync(path, 'utf8'));
  const { name, role, systemUser, passwordHash } = file.accounts[0];
  const accounts = [{ name, role, systemUser, passwordHash }];
  writeFileSync(path, JSON.stringify({ ...file, accounts }));
  const { owner, features } = open().find('alice') ?? {};
  assert.deepEqual([owner, features], [null, ['ftpaccts']]);
});

test('of several first starts at once exactly one makes the admin', async () => {
  const starts = Array.from({ length: 5 }, async () => {
    const own = generatePassword();
    await open().add({ name: 'admin', role: 'admin', password: own });
    return own;
  });
  const made = (await Promise.allSettled(starts)).filter((each) => each.status === 'fulfilled');
  assert.equal(made.length, 1);
  assert.equal(await open().verify('admin', made[0]?.value ?? ''), true);
});

test('a damaged file stops the start and leaves a running server with what it knew', async () => {
  const server = open();
  await server.add({ name: 'alice', role: 'user', password });
  const path = join(dir, 'accounts.json');
  const good = readFileSync(path, 'utf8');
  const entry = JSON.parse(good).accounts[0];
  const admin = { ...entry, role: 'admin' };
  const damaged = [
    good.slice(0, -20),
    JSON.stringify({ version: 2, accounts: [] }),
    JSON.stringify({ version: 1, accounts: [entry, entry] }),
    JSON.stringify({ version: 1, accounts: [admin] }),
    JSON.stringify({ version: 1, accounts: [{ ...entry, owner: 'nobody' }] }),
    JSON.stringify({ version: 1, accounts: [{ ...entry, owner: 'alice' }] }),
    JSON.stringify({ version: 1, accounts: [{ ...entry, features: ['ftpaccounts'] }] }),
    JSON.stringify({ version: 1, accounts: [{ ...entry, passwordHash: 'plain text' }] }),
  ];
  for (const text of damaged) {
    writeFileSync(path, text);
    assert.throws(open, StateFileError, text);
    assert.equal(await server.verify('alice', password), true);
  }
  assert.equal(problems.length, damaged.length);
  assert.ok(problems.every((problem) => !/argon2id|plain text/.test(problem)));
});

test('an account name is 1 to 128 of certain characters, and could be a system user', () => {
  const first = fc.constantFrom(...'azAZ09_');
  const rest = fc.string({ unit: fc.constantFrom(...'azAZ09._-@+'), maxLength: 127 });
  fc.assert(
    fc.property(first, rest, (head, tail) => {
      assert.ok(isAccountName(head + tail) && isSystemUserName(head + tail));
    }),
  );
  for (const bad of [
    '',
    '-a',
    '.a',
    '@a',
    '+a',
    'a:b',
    'a b',
    'a\n',
    'é',
    'a/b',
    'x'.repeat(129),
  ]) {
    assert.equal(isAccountName(bad), false, JSON.stringify(bad));
  }
});
