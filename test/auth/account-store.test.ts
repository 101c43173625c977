import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { openAccountStore } from '../../src/auth/account-store.ts';
import { isAccountName, isSystemUserName } from '../../src/auth/names.ts';
import { generatePassword } from '../../src/auth/password.ts';
import { RefusedError } from '../../src/auth/refused-error.ts';
import { StateFileError } from '../../src/state/json-file.ts';

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
  assert.deepEqual(server.list(), [
    { name: 'Root', role: 'admin', systemUser: null },
    { name: 'alice', role: 'user', systemUser: 'alice' },
    { name: 'shop@example', role: 'user', systemUser: 'bob' },
  ]);
  assert.deepEqual(server.find('alice'), { name: 'alice', role: 'user', systemUser: 'alice' });
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
