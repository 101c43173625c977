import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { openTokenStore } from '../../../src/accounts/token-store.ts';
import { RefusedError } from '../../../src/lib/refused-error.ts';
import { StateFileError } from '../../../src/state/state-file-error.ts';

let dir: string;
let problems: string[];
let now: number;
let known: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'uapid-tokens-'));
  problems = [];
  now = Date.parse('2030-01-01T00:00:00Z');
  known = ['alice', 'bob'];
});
afterEach(() => rmSync(dir, { recursive: true }));

const open = () =>
  openTokenStore(dir, { onProblem: (message) => problems.push(message), now: () => now });
const accounts = {
  find: (name: string) =>
    known.includes(name)
      ? ({
          name,
          role: 'user',
          systemUser: name,
          ftpLogins: [],
          owner: null,
          features: [],
        } as const)
      : undefined,
};
const refused = (reason: string) => (error: unknown) =>
  error instanceof RefusedError && error.reason === reason;
const fileText = () => readFileSync(join(dir, 'tokens.json'), 'utf8');

test('a token that was added is its account’s alone, at once and in every store', async () => {
  const server = open();
  const { token, text } = await open().add({ account: 'alice', label: 'backup' }, accounts);
  assert.equal(server.verify('alice', text), true);
  for (const [account, given] of [
    ['bob', text],
    ['Alice', text],
    ['', text],
    ['alice', ''],
    ['alice', text.toLowerCase()],
    ['alice', text.slice(1)],
    ['alice', `${text} `],
    ['__proto__', text],
  ] as const) {
    assert.equal(server.verify(account, given), false, `${account}:${given}`);
  }
  assert.deepEqual(server.list(), [
    {
      id: token.id,
      account: 'alice',
      label: 'backup',
      createdAt: '2030-01-01T00:00:00.000Z',
      expiresAt: null,
      readOnly: false,
      from: [],
    },
  ]);
});

test('a token is 32 upper-case letters and digits, and no two are alike', async () => {
  const store = open();
  const texts = new Set<string>();
  for (let i = 0; i < 20; i++) {
    const { text } = await store.add({ account: 'alice' }, accounts);
    assert.match(text, /^[A-Z0-9]{32}$/);
    texts.add(text);
  }
  assert.equal(texts.size, 20);
  assert.equal(new Set(store.list().map(({ id }) => id)).size, 20);
  assert.ok([...texts].every((text) => store.verify('alice', text)));
});

test('neither the file nor the list holds a token or anything that could be used as one', async () => {
  const store = open();
  const { text } = await store.add({ account: 'alice' }, accounts);
  assert.ok(!fileText().toUpperCase().includes(text));
  assert.equal(statSync(join(dir, 'tokens.json')).mode & 0o777, 0o600);
  const { sha256 } = JSON.parse(fileText()).tokens[0];
  assert.equal(store.verify('alice', sha256), false);
  assert.ok(!JSON.stringify(store.list()).includes(sha256));
});

test('a revoked token is dead at once, and the others live on', async () => {
  const server = open();
  const one = await open().add({ account: 'alice' }, accounts);
  const other = await open().add({ account: 'alice' }, accounts);
  assert.equal((await open().revoke(one.token.id)).account, 'alice');
  assert.equal(server.verify('alice', one.text), false);
  assert.equal(server.verify('alice', other.text), true);
  await assert.rejects(open().revoke(one.token.id), refused('unknown'));
});

test('a token ends at the moment of its expiry and stays on the list', async () => {
  const store = open();
  const { text, token } = await store.add({ account: 'alice', lifetimeMs: 60_000 }, accounts);
  assert.equal(token.expiresAt, '2030-01-01T00:01:00.000Z');
  now += 59_999;
  assert.equal(store.verify('alice', text), true);
  now += 1;
  assert.equal(store.verify('alice', text), false);
  assert.deepEqual(store.list(), [token]);
});

test('an account’s tokens go together, and nobody else’s', async () => {
  const server = open();
  const mine = await server.add({ account: 'alice' }, accounts);
  await server.add({ account: 'alice' }, accounts);
  const others = await server.add({ account: 'bob' }, accounts);
  assert.equal(await open().removeAccount('alice'), 2);
  assert.equal(await open().removeAccount('alice'), 0);
  assert.equal(server.verify('alice', mine.text), false);
  assert.equal(server.verify('bob', others.text), true);
});

test('an account that was removed while its token was being made gets none', async () => {
  const store = open();
  const added = store.add({ account: 'alice' }, accounts);
  known = [];
  await assert.rejects(added, refused('unknown'));
  assert.deepEqual(store.list(), []);
});

test('refused: an unknown account, a label that the account has, a label that will not do', async () => {
  const store = open();
  await store.add({ account: 'alice', label: 'backup' }, accounts);
  await store.add({ account: 'bob', label: 'backup' }, accounts);
  const add = (account: string, label: string) => store.add({ account, label }, accounts);
  await assert.rejects(add('carol', 'backup'), refused('unknown'));
  await assert.rejects(add('alice', 'backup'), refused('exists'));
  for (const bad of ['', ' ', ' a', 'a ', 'a\tb', 'a\nb', 'a\u202eb', '\u00a0', 'x'.repeat(65)]) {
    await assert.rejects(add('alice', bad), refused('invalid'), JSON.stringify(bad));
  }
  for (const good of ['x', 'nightly backup (№ 2)', 'ü'.repeat(64), '🗝'.repeat(64)]) {
    await add('alice', good);
  }
  assert.equal(store.list('alice').length, 5);
  assert.equal(store.list('bob').length, 1);
});

test('of tokens added at once by several processes’ stores none gets lost', async () => {
  const made = await Promise.all(
    Array.from({ length: 8 }, () => open().add({ account: 'alice' }, accounts)),
  );
  const server = open();
  assert.ok(made.every(({ text }) => server.verify('alice', text)));
});

test('a damaged file stops the start and leaves a running server with what it knew', async () => {
  const server = open();
  const { text } = await server.add({ account: 'alice' }, accounts);
  const good = JSON.parse(fileText());
  const [entry] = good.tokens;
  const damaged = [
    { ...good, version: 2 },
    { ...good, tokens: [entry, entry] },
    { ...good, tokens: [{ ...entry, sha256: 'plain text' }] },
    { ...good, tokens: [{ ...entry, expiresAt: 'tomorrow' }] },
  ];
  for (const content of damaged) {
    writeFileSync(join(dir, 'tokens.json'), JSON.stringify(content));
    assert.throws(open, StateFileError);
    assert.equal(server.verify('alice', text), true);
  }
  assert.equal(problems.length, damaged.length);
  assert.ok(problems.every((problem) => !problem.includes(entry.sha256)));
});

test('looking creates nothing, and whatever was never made is false', () => {
  const store = open();
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (account, text) => {
      assert.equal(store.verify(account, text), false);
    }),
  );
  assert.deepEqual(store.list(), []);
  assert.deepEqual(readdirSync(dir), []);
});
