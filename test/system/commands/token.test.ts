import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { generatePassword } from '../../../src/accounts/password.ts';
import { openTokenStore } from '../../../src/accounts/token-store.ts';
import { type Result, type Served, startServe } from '../../support/cli-run.ts';
import { runCommand } from '../../support/command-run.ts';
import { readEvents } from '../../support/event-source.ts';
import { until } from '../../support/until.ts';

let state: string;
let running: Served[];
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'uapid-cli-token-'));
  running = [];
});
afterEach(async () => {
  for (const each of running) assert.equal(await each.stop(), 0, each.stderr());
  rmSync(state, { recursive: true });
});

const uapid = (...args: string[]): Promise<Result> =>
  runCommand(args, { env: { UAPID_STATE_DIR: state } });

/** Adds an admin, who needs no system user to be asked for sessions. */
async function addAccount(name: string): Promise<void> {
  const args = ['account', 'add', name, '--role', 'admin', '--generate-password'];
  assert.equal((await uapid(...args)).code, 0);
}

/** Adds a token with the command; resolves to its text. */
async function addToken(account: string, ...more: string[]): Promise<string> {
  const { code, stdout, stderr } = await uapid('token', 'add', account, ...more);
  assert.equal(code, 0, stderr);
  return stdout.trimEnd();
}

/** Starts a server; resolves to its URL and a function that asks it with a token for the HTTP status. */
async function serve(options?: { readonly terminal: boolean }) {
  const args = ['--listen', 'http://127.0.0.1:0'];
  const server = await startServe(args, { UAPID_STATE_DIR: state }, options);
  running.push(server);
  const ask = async (account: string, token: string): Promise<number> => {
    const headers = { authorization: `cpanel ${account}:${token}` };
    const answer = await fetch(`${server.urls[0]}/Ftp/list_sessions`, { headers });
    await answer.arrayBuffer();
    return answer.status;
  };
  return { ask, port: Number(new URL(server.urls[0] ?? '').port) };
}

test('a token is alone on stdout, usable at once, and dead at once when it is revoked', async () => {
  await addAccount('boss');
  const { ask, port } = await serve();
  const { code, stdout, stderr } = await uapid('token', 'add', 'boss', '--name', 'night run');
  assert.equal(code, 0);
  assert.match(stdout, /^[A-Z0-9]{32}\n$/);
  const token = stdout.trimEnd();
  assert.ok(!stderr.includes(token));
  assert.equal(await ask('boss', token), 200);
  assert.notEqual(await ask('boss', `${token.slice(1)}A`), 200);
  const headers = { authorization: `cpanel boss:${token}` };
  const stream = await readEvents(port, '/events', headers);
  await until(() => stream.last('sessions'), { what: 'the first sessions' });
  const [, id = ''] = /token (\w+) of account boss added/.exec(stderr) ?? [];
  assert.equal((await uapid('token', 'revoke', id)).code, 0);
  assert.notEqual(await ask('boss', token), 200);
  await stream.ended();
  assert.equal(stream.events.at(-1)?.event, 'over');
  const again = await uapid('token', 'revoke', id);
  assert.equal(again.code, 3);
  assert.match(again.stderr, /^uapid: there is no token "\w+"\n$/);
});

test('the list is tab separated in a pipe, or JSON, by account or of all, and shows no token', async () => {
  await addAccount('boss');
  await addAccount('alice');
  const from = ['--from', '192.0.2.0/24', '--from', '2001:DB8:0::7', '--from', '192.0.2.0/24'];
  const texts = [
    await addToken('boss', '--name', 'a b', '--expires', '30d', '--read-only', ...from),
    await addToken('alice'),
  ];
  const { stdout } = await uapid('token', 'list');
  assert.match(
    stdout,
    /^\w+\talice\t-\t\S+Z\tnever\tall\tany\n\w+\tboss\ta b\t\S+Z\t\S+Z\tread\t192\.0\.2\.0\/24,2001:db8::7\n$/,
  );
  const json = await uapid('token', 'list', 'boss', '--json');
  const [only, ...others] = JSON.parse(json.stdout);
  assert.deepEqual(others, []);
  const { id, account, label, createdAt, expiresAt } = only;
  const limits = { readOnly: true, from: ['192.0.2.0/24', '2001:db8::7'] };
  assert.deepEqual(only, { id, account, label, createdAt, expiresAt, ...limits });
  assert.deepEqual([account, label], ['boss', 'a b']);
  assert.equal(Date.parse(expiresAt) - Date.parse(createdAt), 30 * 86_400_000);
  assert.match(stdout, new RegExp(`^${id}\tboss`, 'm'));
  assert.ok(!texts.some((text) => (stdout + json.stdout).includes(text)));
});

test('how long a token lasts is a number of minutes, hours, days or weeks', async () => {
  await addAccount('boss');
  const minutes = { '1m': 1, '12h': 720, '30d': 43_200, '9999w': 9999 * 10_080 };
  for (const [expires, expected] of Object.entries(minutes)) {
    await addToken('boss', '--name', expires, '--expires', expires);
    const token = openTokenStore(state)
      .list()
      .find(({ label }) => label === expires);
    const lasts = Date.parse(token?.expiresAt ?? '') - Date.parse(token?.createdAt ?? '');
    assert.equal(lasts / 60_000, expected, expires);
  }
  for (const wrong of ['', '30', 'd', '0d', '-1d', '1.5h', '30D', '1y', '10000d', ' 1d']) {
    const { code, stdout, stderr } = await uapid('token', 'add', 'boss', `--expires=${wrong}`);
    assert.deepEqual([code, stdout], [2, ''], wrong);
    assert.match(stderr, /^uapid: --expires: [^\n]*minutes, hours, days, weeks\)\n$/);
  }
});

test('refused with an exit code of its kind and a reason: unknown accounts, labels that are taken or will not do', async () => {
  await addAccount('boss');
  await addToken('boss', '--name', 'backup');
  for (const [{ code, stdout, stderr }, expected, reason] of [
    [await uapid('token', 'add', 'nobody'), 3, /no account "nobody"/],
    [await uapid('token', 'list', 'nobody'), 3, /no account "nobody"/],
    [
      await uapid('token', 'add', 'boss', '--name', 'backup'),
      4,
      /boss has a token "backup" already/,
    ],
    [await uapid('token', 'add', 'boss', '--name', 'a\tb'), 6, /1 to 64 printable characters/],
    [
      await uapid('token', 'add', 'boss', '--from', '192.0.2.0/33'),
      6,
      /is no IP address and no range/,
    ],
    [await uapid('token', 'add', 'boss', '--from', 'localhost'), 6, /"localhost" is no IP/],
  ] as const) {
    assert.deepEqual([code, stdout], [expected, '']);
    assert.match(stderr, reason);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  }
  assert.equal(openTokenStore(state).list().length, 1);
});

test('a command line that makes no sense ends with 2', async () => {
  for (const args of [['token'], ['token', 'add'], ['token', 'revoke'], ['tls'], ['tls', 'x']]) {
    assert.equal((await uapid(...args)).code, 2, args.join(' '));
  }
});

test('a removed account’s tokens are gone, and a later account of that name does not have them', async () => {
  await addAccount('boss');
  await addAccount('alice');
  const [gone, kept] = [await addToken('boss'), await addToken('alice')];
  const { ask } = await serve();
  const { stderr } = await uapid('account', 'remove', 'boss');
  assert.match(stderr, /account boss removed, and its tokens \(1\)/);
  assert.notEqual(await ask('boss', gone), 200);
  await addAccount('boss');
  assert.notEqual(await ask('boss', gone), 200);
  assert.equal(await ask('alice', kept), 200);
});

test('tokens that a removal left behind when it was cut short do not open the next account', async () => {
  await addAccount('boss');
  await addAccount('alice');
  const [left, kept] = [await addToken('boss'), await addToken('alice')];
  await openAccountStore(state).remove('boss');
  const { ask } = await serve();
  assert.notEqual(await ask('boss', left), 200);
  await addAccount('boss');
  assert.notEqual(await ask('boss', left), 200);
  assert.equal(await ask('alice', kept), 200);
});

test('adding an account that exists leaves its tokens alone', async () => {
  await addAccount('boss');
  const token = await addToken('boss');
  assert.equal((await uapid('account', 'add', 'boss', '--generate-password')).code, 4);
  assert.equal(openTokenStore(state).verify('boss', token), true);
});

test('the admin of a first start does not have the tokens of an earlier admin', async () => {
  const accounts = openAccountStore(state);
  const password = generatePassword();
  await accounts.add({ name: 'admin', role: 'admin', password });
  const token = await addToken('admin');
  for (const name of ['accounts.json', 'accounts.json.last']) rmSync(join(state, name));
  const { ask } = await serve({ terminal: true });
  assert.ok(openAccountStore(state).find('admin'));
  assert.notEqual(await ask('admin', token), 200);
});
