import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { generatePassword } from '../../../src/accounts/password.ts';
import { openRoleStore } from '../../../src/accounts/role-store.ts';
import { type Result, type RunOptions, runUapid } from '../../support/cli-run.ts';
import { runCommand } from '../../support/command-run.ts';

const manifest = new URL('../../../../package.json', import.meta.url);

let dir: string;
let state: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'uapid-cli-'));
  state = join(dir, 'state');
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Runs the built program with the test's state directory. */
function uapid(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return runCommand(args, { ...options, env: { UAPID_STATE_DIR: state, ...options.env } });
}

/** `account add` with the password on stdin. */
function add(name: string, password: string, ...more: string[]): Promise<Result> {
  return uapid(['account', 'add', name, '--password-stdin', ...more], { input: `${password}\n` });
}

test('help and version are asked for and end with 0', async () => {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  assert.deepEqual(await uapid(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
  for (const args of [
    ['--help'],
    ['serve', '--help'],
    ['account', 'add', '--help'],
    ['sessions', '--help'],
    ['kill', '--help'],
  ]) {
    const { code, stdout, stderr } = await uapid(args);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^Usage: uapid/);
  }
});

test('every setting of serve is in its help, as flag and as variable', async () => {
  const { stdout } = await uapid(['serve', '--help']);
  for (const name of [
    'listen',
    'state-dir',
    'config',
    'log-level',
    'process-source',
    'proc-root',
    'scoreboard-dir',
    'allow-plain-http',
    'tls-cert',
    'tls-key',
    'metrics',
    'metrics-token-file',
    'metrics-token-group',
    'metrics-public',
    'control-socket',
    'control-group',
  ]) {
    assert.ok(stdout.includes(`--${name}`), name);
    assert.ok(stdout.includes(`[UAPID_${name.toUpperCase().replaceAll('-', '_')}]`), name);
  }
});

test('a command line that makes no sense ends with 2 and says so on stderr', async () => {
  const wrong = [
    [],
    ['nonsense'],
    ['account'],
    ['serve', '--nonsense'],
    ['serve', 'extra'],
    ['sessions', 'extra'],
    ['sessions', '--process-source', 'guess'],
    ['kill'],
    ['account', 'add'],
    ['account', 'add', 'alice', '--role', 'king'],
    ['account', 'add', 'alice', '--password-stdin', '--generate-password'],
    ['account', 'add', 'alice', '--role', 'admin', '--system-user', 'bob', '--generate-password'],
  ];
  for (const args of wrong) {
    const { code, stdout, stderr } = await uapid(args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.notEqual(stderr, '');
  }
});

test('serve names every fault of its settings at once and ends with 2', async () => {
  const file = join(dir, 'uapid.json');
  writeFileSync(file, '{"colour": "red"}');
  const args = ['serve', '--config', file, '--log-level', 'loud', '--listen', 'http://0.0.0.0:0'];
  const { code, stdout, stderr } = await uapid(args, { env: { UAPID_PROCESS_SOURCE: 'guess' } });
  assert.deepEqual([code, stdout], [2, '']);
  const lines = stderr.trimEnd().split('\n');
  assert.equal(lines.length, 4, stderr);
  for (const place of [`${file}: colour`, '--log-level', '--listen', 'UAPID_PROCESS_SOURCE']) {
    assert.equal(lines.filter((line) => line.startsWith(`uapid: ${place}: `)).length, 1, place);
  }
});

test('an added account can log in, and its files are private', async () => {
  const password = generatePassword();
  const { code, stdout, stderr } = await add('games', password);
  assert.deepEqual([code, stdout], [0, '']);
  assert.doesNotMatch(stderr, /warning/);
  assert.ok(!stderr.includes(password));
  assert.equal(statSync(state).mode & 0o777, 0o700);
  assert.equal(statSync(join(state, 'accounts.json')).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(state), [
    'accounts.json',
    'accounts.json.last',
    'accounts.json.lock',
    'audit.log',
    'tokens.json.lock',
  ]);
  assert.equal(await openAccountStore(state).verify('games', password), true);
});

test('of six processes that add the same account one succeeds', async () => {
  const passwords = Array.from({ length: 6 }, generatePassword);
  const command = ['account', 'add', 'admin', '--password-stdin', '--state-dir', state];
  const results = await Promise.all(
    passwords.map((password) => runUapid(command, { input: `${password}\n` })),
  );
  const winner = results.findIndex(({ code }) => code === 0);
  assert.equal(results.filter(({ code }) => code === 4).length, 5);
  assert.equal(await openAccountStore(state).verify('admin', passwords[winner] ?? ''), true);
});

test('a generated password stands alone on stdout and works', async () => {
  for (const command of ['add', 'passwd']) {
    const { code, stdout, stderr } = await uapid([
      'account',
      command,
      'alice',
      '--generate-password',
    ]);
    assert.equal(code, 0);
    assert.match(stdout, /^[A-Za-z0-9]{22}\n$/);
    assert.ok(!stderr.includes(stdout.trim()));
    assert.equal(await openAccountStore(state).verify('alice', stdout.trim()), true);
  }
});

test('the password is the first line of stdin without its end, LF or CRLF or none', async () => {
  await add('alice', generatePassword());
  const password = `${generatePassword()} ü `;
  for (const input of [
    password,
    `${password}\n`,
    `${password}\r\n`,
    `${password}\nsecond line\n`,
  ]) {
    const { code } = await uapid(['account', 'passwd', 'alice', '--password-stdin'], { input });
    assert.equal(code, 0);
    assert.equal(await openAccountStore(state).verify('alice', password), true);
  }
});

test('refused with an exit code of its kind and a reason: empty and short passwords, bad names, unknown and existing accounts', async () => {
  const password = generatePassword();
  await add('alice', password);
  const refusals = [
    [await add('bob', ''), 6, /password is empty/],
    [await add('bob', 'seven77'), 6, /shorter than 8/],
    [await add('bo:b', password), 6, /"bo:b" is no account name/],
    [await add('alice', password), 4, /alice exists already/],
    [await uapid(['account', 'remove', 'bob']), 3, /no account "bob"/],
    [await uapid(['account', 'passwd', 'bob', '--generate-password']), 3, /no account "bob"/],
    [await uapid(['role', 'disable', 'Mail']), 3, /no role "Mail"; roles are FTP/],
  ] as const;
  for (const [{ code, stdout, stderr }, expected, reason] of refusals) {
    assert.deepEqual([code, stdout], [expected, ''], stderr);
    assert.match(stderr, reason);
    assert.ok(!stderr.includes(password) && !stderr.includes('seven77'));
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  }
  assert.equal(openAccountStore(state).list().length, 1);
});

test('without a terminal nobody is asked for a password', async () => {
  const { code, stderr } = await uapid(['account', 'add', 'alice']);
  assert.equal(code, 2);
  assert.match(stderr, /--password-stdin/);
});

test('an account whose system user does not exist is added with a warning', async () => {
  const { code, stderr } = await add('shop', generatePassword(), '--system-user', 'no-such-user');
  assert.equal(code, 0);
  assert.match(stderr, /warning: .*no-such-user/);
  const admin = await add('boss', generatePassword(), '--role', 'admin');
  assert.doesNotMatch(admin.stderr, /warning/);
});

test('the list is tab separated in a pipe, or JSON, and has no hash in it', async () => {
  await add('shop', generatePassword(), '--system-user', 'games');
  await add('boss', generatePassword(), '--role', 'admin');
  const { stdout } = await uapid(['account', 'list']);
  assert.equal(stdout, 'boss\tadmin\t-\t-\tftpaccts\t-\nshop\tuser\tgames\t-\tftpaccts\t-\n');
  const json = await uapid(['account', 'list', '--json']);
  const common = { ftpLogins: [], owner: null, features: ['ftpaccts'] };
  assert.deepEqual(JSON.parse(json.stdout), [
    { name: 'boss', role: 'admin', systemUser: null, ...common },
    { name: 'shop', role: 'user', systemUser: 'games', ...common },
  ]);
  assert.equal((await uapid(['account', 'remove', 'shop'])).code, 0);
  assert.equal((await uapid(['account', 'list'])).stdout, 'boss\tadmin\t-\t-\tftpaccts\t-\n');
});

test('the FTP role is switched in whatever case it is written, and a running server sees it', async () => {
  const server = openRoleStore(state);
  assert.equal((await uapid(['role', 'list'])).stdout, 'FTP\tenabled\n');
  assert.equal((await uapid(['role', 'disable', 'ftp'])).code, 0);
  assert.equal(server.isEnabled('FTP'), false);
  assert.equal((await uapid(['role', 'list'])).stdout, 'FTP\tdisabled\n');
  assert.equal((await uapid(['role', 'enable', 'Ftp'])).code, 0);
  assert.equal(server.isEnabled('FTP'), true);
});

test('--state-dir wins over UAPID_STATE_DIR, and the config file names one too', async () => {
  const other = join(dir, 'other');
  await add('alice', generatePassword(), '--state-dir', other);
  assert.deepEqual(readdirSync(dir), ['other']);
  const file = join(dir, 'uapid.json');
  writeFileSync(file, '{"stateDir": "other"}');
  const env = { UAPID_STATE_DIR: '', UAPID_CONFIG: file };
  assert.match((await uapid(['account', 'list'], { env })).stdout, /^alice\tuser\talice\t.*\n$/);
});

test('a damaged accounts file is a clear error, and no command overwrites it', async () => {
  mkdirSync(state);
  writeFileSync(join(state, 'accounts.json'), '{"version": 1, "acc');
  for (const { code, stderr } of [
    await uapid(['account', 'list']),
    await add('bob', generatePassword()),
  ]) {
    assert.equal(code, 1);
    assert.match(stderr, /^uapid: .*accounts\.json is not valid JSON\n$/);
  }
  assert.equal(readFileSync(join(state, 'accounts.json'), 'utf8'), '{"version": 1, "acc');
});

test('openapi prints the document as JSON with two spaces', async () => {
  const { code, stdout } = await uapid(['openapi']);
  assert.equal(code, 0);
  const document = JSON.parse(stdout);
  assert.match(document.openapi, /^3\./);
  assert.equal(stdout, `${JSON.stringify(document, null, 2)}\n`);
});
