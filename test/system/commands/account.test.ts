import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { generatePassword } from '../../../src/accounts/password.ts';
import { openTokenStore } from '../../../src/accounts/token-store.ts';
import type { Result } from '../../support/cli-run.ts';
import { runCommand } from '../../support/command-run.ts';

let state: string;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'uapid-cli-account-'));
});
afterEach(() => rmSync(state, { recursive: true }));

const uapid = (...args: string[]): Promise<Result> =>
  runCommand(args, { env: { UAPID_STATE_DIR: state } });
const add = (name: string, ...more: string[]) =>
  uapid('account', 'add', name, '--generate-password', ...more);

async function mustAdd(name: string, ...more: string[]): Promise<void> {
  const { code, stderr } = await add(name, ...more);
  assert.equal(code, 0, stderr);
}

function assertRefused({ code, stdout, stderr }: Result, expected: number, reason: RegExp): void {
  assert.deepEqual([code, stdout], [expected, ''], stderr);
  assert.match(stderr, reason);
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
}

test('a reseller and its accounts are added, listed with owner and features, and shown as JSON', async () => {
  await mustAdd('rita', '--role', 'reseller', '--system-user', 'games');
  await mustAdd('alice', '--owner', 'rita', '--system-user', 'games');
  await mustAdd('bob', '--role', 'user', '--system-user', 'games');
  await mustAdd('boss', '--role', 'admin');
  await uapid('account', 'feature', 'disable', 'bob', 'ftpaccts');
  const { stdout } = await uapid('account', 'list');
  assert.equal(
    stdout,
    'alice\tuser\tgames\trita\tftpaccts\t-\n' +
      'bob\tuser\tgames\t-\t-\t-\n' +
      'boss\tadmin\t-\t-\tftpaccts\t-\n' +
      'rita\treseller\tgames\t-\tftpaccts\t-\n',
  );
  const games = { systemUser: 'games', ftpLogins: [] };
  const json = JSON.parse((await uapid('account', 'list', '--json')).stdout);
  assert.deepEqual(json.slice(0, 2), [
    { name: 'alice', role: 'user', ...games, owner: 'rita', features: ['ftpaccts'] },
    { name: 'bob', role: 'user', ...games, owner: null, features: [] },
  ]);
});

test('an account of FTP logins is added without a system user, and told of logins that others have', async () => {
  const logins = (...texts: string[]) => texts.flatMap((text) => ['--ftp-logins', text]);
  const shop = await add('shop', ...logins('*@shop.example', 'info'));
  assert.deepEqual([shop.code, shop.stderr], [0, 'uapid: account shop added\n']);
  const { stdout } = await uapid('account', 'list');
  assert.equal(stdout, 'shop\tuser\t-\t-\tftpaccts\t*@shop.example,info\n');
  const dev = await add('dev', ...logins('dev@shop.example', 'ann@shop.example', 'other'));
  assert.equal(
    dev.stderr,
    'uapid: account dev added\nuapid: warning: dev has FTP logins in common with others (dev@shop.example and 1 more: shop): they see and end each other’s FTP sessions\n',
  );
  const both = await add('x', ...logins('info'), '--system-user', 'games');
  assertRefused(both, 2, /--ftp-logins.*--system-user/);
  assertRefused(await add('x', ...logins('info'), '--role', 'admin'), 2, /--ftp-logins is not for/);
  assertRefused(await add('x', ...logins('in*fo')), 6, /"in\*fo" is no FTP login/);
});

const set = (name: string, ...more: string[]) => uapid('account', 'set', name, ...more);

test('set adds an account, changes it, or finds it so, and says which', async () => {
  const said = async (...args: string[]) => {
    const { code, stdout, stderr } = await set('alice', '--json', ...args);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const became = (what: string) => ({ account: 'alice', became: what });
  const password = generatePassword();
  const withPassword = async (...args: string[]) => {
    const words = ['account', 'set', 'alice', '--password-stdin', ...args];
    const env = { UAPID_STATE_DIR: state };
    const { code, stderr } = await runCommand(words, { input: `${password}\n`, env });
    return [code, stderr];
  };
  assert.deepEqual(await withPassword('--system-user', 'games'), [
    0,
    'uapid: account alice added\n',
  ]);
  const asItIs = [0, 'uapid: account alice is as it is to be\n'];
  assert.deepEqual(await withPassword('--system-user', 'games'), asItIs);
  await mustAdd('rita', '--role', 'reseller', '--system-user', 'games');
  const token = (await uapid('token', 'add', 'alice')).stdout.trim();
  await uapid('account', 'feature', 'disable', 'alice', 'ftpaccts');

  const find = () => openAccountStore(state).find('alice');
  const games = { name: 'alice', role: 'user', systemUser: 'games', ftpLogins: [], features: [] };
  assert.deepEqual(await said('--owner', 'rita'), became('changed'));
  assert.deepEqual(find(), { ...games, owner: 'rita' });
  assert.deepEqual(await said(), became('unchanged'));
  assert.deepEqual(await said('--owner', 'rita', '--role', 'user'), became('unchanged'));
  assert.deepEqual(await said('--ftp-logins', 'info', '--no-owner'), became('changed'));
  assert.deepEqual(find(), { ...games, systemUser: null, ftpLogins: ['info'], owner: null });
  assert.deepEqual(await said('--system-user', 'games', '--role', 'reseller'), became('changed'));
  assert.deepEqual(find(), { ...games, role: 'reseller', owner: null });
  assert.deepEqual(await said('--role', 'admin'), became('changed'));
  assert.deepEqual(await said('--role', 'user', '--system-user', 'games'), became('changed'));
  // Neither tokens nor the password were touched.
  assert.equal(openTokenStore(state).verify('alice', token), true);
  assert.equal(await openAccountStore(state).verify('alice', password), true);
  const renewed = await set('alice', '--generate-password');
  assert.match(renewed.stderr, /account alice changed/);
  assert.equal(await openAccountStore(state).verify('alice', renewed.stdout.trim()), true);
});

test('what cannot be set is refused in a sentence, and nothing has changed', async () => {
  await mustAdd('rita', '--role', 'reseller', '--system-user', 'games');
  await mustAdd('roy', '--role', 'reseller', '--system-user', 'games');
  await mustAdd('alice', '--owner', 'rita', '--system-user', 'games');
  const before = openAccountStore(state).list();
  const cases: [args: string[], code: number, reason: RegExp][] = [
    [['rita', '--role', 'user'], 5, /the reseller rita still owns 1 account/],
    [['rita', '--owner', 'rita'], 2, /--owner is for user accounts/],
    [['roy', '--role', 'user', '--owner', 'roy'], 3, /there is no reseller "roy"/],
    [['alice', '--owner', 'nobody'], 3, /there is no reseller "nobody"/],
    [
      ['alice', '--role', 'admin', '--system-user', 'games'],
      2,
      /--system-user is not for an admin/,
    ],
    [['alice', '--system-user', 'root'], 2, /root \(uid 0\).*--yes-root/],
    [['alice', '--ftp-logins', '*'], 6, /"\*" is no FTP login/],
    [['bob', '--system-user', 'games'], 2, /--password-stdin/],
    [['alice', '--json', '--generate-password'], 2, /--json.*--generate-password/],
  ];
  for (const [args, code, reason] of cases) {
    assertRefused(await uapid('account', 'set', ...args), code, reason);
  }
  assert.deepEqual(openAccountStore(state).list(), before);
});

test('a feature is disabled and enabled, and says which of whose', async () => {
  await mustAdd('alice', '--system-user', 'games');
  const store = openAccountStore(state);
  for (const [verb, features] of [
    ['disable', []],
    ['enable', ['ftpaccts']],
  ] as const) {
    const { code, stdout, stderr } = await uapid('account', 'feature', verb, 'alice', 'ftpaccts');
    assert.deepEqual([code, stdout], [0, '']);
    assert.equal(stderr, `uapid: feature ftpaccts of account alice ${verb}d\n`);
    assert.deepEqual(store.find('alice')?.features, features);
  }
});

test('refused with an exit code of its kind and a reason: unknown owners, features and accounts, an admin’s feature', async () => {
  await mustAdd('boss', '--role', 'admin');
  await mustAdd('alice', '--system-user', 'games');
  for (const owner of ['nobody', 'boss', 'alice', '']) {
    const refusal = await add('bob', '--owner', owner);
    assertRefused(refusal, 3, new RegExp(`there is no reseller "${owner}"`));
  }
  const feature = (name: string, of: string) => uapid('account', 'feature', 'disable', name, of);
  assertRefused(await feature('alice', 'mail'), 3, /no feature "mail"; features are ftpaccts/);
  assertRefused(await feature('nobody', 'ftpaccts'), 3, /no account "nobody"/);
  assertRefused(await feature('boss', 'ftpaccts'), 5, /an admin account has every feature/);
  assert.equal(openAccountStore(state).list().length, 2);
});

test('an owner of a reseller or of an admin makes no sense and ends with 2', async () => {
  await mustAdd('rita', '--role', 'reseller', '--system-user', 'games');
  for (const role of ['reseller', 'admin']) {
    assertRefused(await add('x', '--role', role, '--owner', 'rita'), 2, /--owner is for user/);
  }
  const admin = await add('x', '--role', 'admin', '--system-user', 'root');
  assertRefused(admin, 2, /--system-user is not for an admin/);
  for (const args of [['feature'], ['feature', 'enable'], ['feature', 'enable', 'rita']]) {
    assert.equal((await uapid('account', ...args)).code, 2, args.join(' '));
  }
});

test('a reseller that still owns accounts is not removed, and keeps its tokens', async () => {
  await mustAdd('rita', '--role', 'reseller', '--system-user', 'games');
  await mustAdd('alice', '--owner', 'rita', '--system-user', 'games');
  await mustAdd('bob', '--owner', 'rita', '--system-user', 'games');
  assert.equal((await uapid('token', 'add', 'rita')).code, 0);
  const reason = /the reseller rita still owns 2 accounts; remove them first/;
  assertRefused(await uapid('account', 'remove', 'rita'), 5, reason);
  assert.equal(openTokenStore(state).list('rita').length, 1);
  for (const name of ['alice', 'bob', 'rita']) {
    assert.equal((await uapid('account', 'remove', name)).code, 0, name);
  }
  await mustAdd('rita', '--role', 'reseller', '--system-user', 'games');
  assert.deepEqual(openAccountStore(state).ownedBy('rita'), []);
  assert.deepEqual(openTokenStore(state).list('rita'), []);
});

test('the help names the roles, the owner and the feature', async () => {
  const help = (...args: string[]) => uapid(...args, '--help').then(({ stdout }) => stdout);
  const adding = await help('account', 'add');
  for (const word of ['"user", "reseller", "admin"', '--owner <reseller>', '--system-user']) {
    assert.ok(adding.includes(word), word);
  }
  assert.match(await help('account', 'feature'), /enable .*<feature>[\s\S]*disable .*<feature>/);
  assert.match(await help('account', 'feature', 'disable'), /feature +ftpaccts/);
});
