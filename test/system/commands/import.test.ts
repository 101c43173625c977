import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { hash as bcrypt } from '@node-rs/bcrypt';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { generatePassword } from '../../../src/accounts/password.ts';
import { openTokenStore } from '../../../src/accounts/token-store.ts';
import { runCommand } from '../../support/command-run.ts';

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'uapid-import-'));
});
afterEach(() => rmSync(state, { recursive: true }));

const run = (args: readonly string[], input = '') =>
  runCommand(args, { input, env: { UAPID_STATE_DIR: state } });
const importText = (text: string, ...more: string[]) =>
  run(['account', 'import', '-', ...more], text);
const importList = (list: readonly object[], ...more: string[]) =>
  importText(JSON.stringify(list), ...more);
const file = () => readFileSync(join(state, 'accounts.json'), 'utf8');

const password = generatePassword();

test('a list is imported at once, says of each what became of it, and of the same list again nothing', async () => {
  await run(['account', 'add', 'old', '--system-user', 'games', '--generate-password']);
  const token = (await run(['token', 'add', 'old'])).stdout.trim();
  await run(['account', 'feature', 'disable', 'old', 'ftpaccts']);
  const passwordHash = await bcrypt(password, 4);
  const list = [
    // Before the reseller that owns it.
    { name: 'shop', owner: 'rita', ftpLogins: ['*@shop.example'], password },
    { name: 'rita', role: 'reseller', systemUser: 'games', passwordHash },
    { name: 'old', owner: 'rita' },
    { name: 'boss', role: 'admin', password },
  ];
  const first = await importList(list);
  assert.deepEqual(
    [first.code, first.stdout],
    [0, 'shop\tadded\nrita\tadded\nold\tchanged\nboss\tadded\n'],
    first.stderr,
  );
  const store = openAccountStore(state);
  const common = { owner: 'rita', role: 'user' };
  assert.deepEqual(store.list(), [
    {
      name: 'boss',
      role: 'admin',
      systemUser: null,
      ftpLogins: [],
      owner: null,
      features: ['ftpaccts'],
    },
    { name: 'old', ...common, systemUser: 'games', ftpLogins: [], features: [] },
    {
      name: 'rita',
      role: 'reseller',
      systemUser: 'games',
      ftpLogins: [],
      owner: null,
      features: ['ftpaccts'],
    },
    {
      name: 'shop',
      ...common,
      systemUser: null,
      ftpLogins: ['*@shop.example'],
      features: ['ftpaccts'],
    },
  ]);
  for (const name of ['shop', 'rita', 'boss']) assert.ok(await store.verify(name, password), name);
  assert.ok(openTokenStore(state).verify('old', token));

  const before = file();
  const path = join(state, 'list.json');
  writeFileSync(path, JSON.stringify(list));
  const again = await run(['account', 'import', path, '--json']);
  assert.deepEqual([again.code, again.stderr], [0, '']);
  const became = 'unchanged';
  const accounts = list.map(({ name }) => ({ account: name, became }));
  assert.deepEqual(JSON.parse(again.stdout), { accounts, faults: [] });
  assert.equal(file(), before);

  const other = await importList([{ name: 'shop', password: generatePassword() }]);
  assert.deepEqual([other.code, other.stdout], [0, 'shop\tchanged\n']);
});

test('of a list in which some will not do nothing is imported, and each of those is told of', async () => {
  await run([
    'account',
    'add',
    'rita',
    '--role',
    'reseller',
    '--system-user',
    'games',
    '--generate-password',
  ]);
  await run([
    'account',
    'add',
    'alice',
    '--owner',
    'rita',
    '--system-user',
    'games',
    '--generate-password',
  ]);
  const before = file();
  const good = { name: 'good', systemUser: 'games', password };
  const cases: [list: readonly unknown[], faults: readonly [index: number, fault: RegExp][]][] = [
    [
      [good, { name: 'x', systemuser: 'games', password }, { password }, null, 'x', good],
      [
        [1, /unknown key "systemuser"/],
        [2, /^name will not do/],
        [3, /^it will not do/],
        [4, /^it will not do/],
        [5, /twice/],
      ],
    ],
    [[good, { name: 'b', password, passwordHash: '$6$' }], [[1, /a password and a hash/]]],
    [
      [good, { name: 'b', password: 'short' }, { name: 'c', passwordHash: '$1$salt$' }],
      [
        [1, /shorter than 8/],
        [2, /the hash is none/],
      ],
    ],
    [
      [good, { name: 'new' }, { name: 'a b', password }, { ...good, name: 'd', ftpLogins: ['x'] }],
      [
        [1, /new, and has no password/],
        [2, /is no account name/],
        [3, /a system user or for FTP logins/],
      ],
    ],
    [
      [good, { ...good, name: 'e', owner: 'nobody' }, { name: 'rita', role: 'user' }],
      [
        [1, /no reseller "nobody"/],
        [2, /still owns 1 account/],
      ],
    ],
    [[good, { name: 'f', systemUser: 'root', password }], [[1, /root \(uid 0\)/]]],
  ];
  for (const [list, faults] of cases) {
    const { code, stdout, stderr } = await importText(JSON.stringify(list), '--json');
    assert.equal(code, 6, stderr);
    const told = JSON.parse(stdout);
    assert.deepEqual(told.accounts, []);
    const indices = told.faults.map(({ index }: { readonly index: number }) => index);
    assert.deepEqual(
      indices,
      faults.map(([index]) => index),
      stdout,
    );
    for (const [at, [index, fault]] of faults.entries()) {
      assert.match(told.faults[at].fault, fault);
      assert.match(stderr, new RegExp(`^uapid: \\[${index}\\]`, 'm'));
    }
    assert.match(stderr, /nothing was imported/);
    assert.ok(!`${stdout}${stderr}`.includes(password));
    assert.equal(file(), before);
  }
});

test('what is no list in JSON is refused by its line, without a word of it', async () => {
  const cases: [text: string, reason: RegExp][] = [
    [`[\n  { "name": "a",\n    "password": "${password}" ]\n`, /stdin is no JSON; look at line 3/],
    [`"${password}`, /stdin is no JSON/],
    ['', /stdin is no JSON/],
    [JSON.stringify({ name: 'a', password }), /stdin is no list of accounts/],
  ];
  for (const [text, reason] of cases) {
    const { code, stdout, stderr } = await importText(text);
    assert.deepEqual([code, stdout], [6, '']);
    assert.match(stderr, reason);
    assert.ok(!stderr.includes(password), stderr);
  }
  assert.equal((await run(['account', 'import', join(state, 'none.json')])).code, 1);
});

test('what is imported is in the audit log, one line for each change', async () => {
  const { audit, list } = {
    audit: join(state, 'audit.log'),
    list: [{ name: 'a', systemUser: 'games', password }],
  };
  const env = { UAPID_STATE_DIR: state, UAPID_AUDIT_LOG: audit };
  for (const each of [
    list,
    list,
    [{ name: 'a', role: 'reseller', password: generatePassword() }],
  ]) {
    const input = JSON.stringify(each);
    assert.equal((await runCommand(['account', 'import', '-'], { input, env })).code, 0);
  }
  const events = readFileSync(audit, 'utf8').matchAll(/ (\S+) address=/g);
  assert.deepEqual(
    Array.from(events, ([, event]) => event),
    ['account-added', 'account-changed', 'password-changed'],
  );
});
