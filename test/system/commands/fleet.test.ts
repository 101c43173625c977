import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runUapid } from '../../support/cli-run.ts';
import { newKey } from '../../support/new-fleet-key.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'uapid-fleet-'));
});
after(() => rmSync(folder, { recursive: true }));

const run = (state: string, ...args: string[]) =>
  runUapid(args, { env: { UAPID_STATE_DIR: join(folder, state) }, input: '' });

test('fleet key makes keys once, tells their public halves alone, and makes others where they are wanted', async () => {
  const first = await run('keys', 'fleet', 'key');
  assert.match(first.stdout, /^connection key: U[A-Z2-7]{55}\nsigning key: [\w-]{43}\n$/);
  for (const name of ['connection.nk', 'signing.pem']) {
    const path = join(folder, 'keys/fleet', name);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(!first.stdout.includes(readFileSync(path, 'utf8').trim()));
  }
  assert.equal((await run('keys', 'fleet', 'key')).stdout, first.stdout);
  const third = await run('keys', 'fleet', 'key', '--new', '--json');
  const { connection, signing } = JSON.parse(third.stdout);
  assert.ok(!first.stdout.includes(connection) && !first.stdout.includes(signing));
  const audit = readFileSync(join(folder, 'keys/audit.log'), 'utf8');
  assert.equal(audit.match(/fleet-changed .*state=keys-made/g)?.length, 2);
});

test('hosts are let in and removed, and whose accounts are placed there is told', async () => {
  const key = newKey().publicKey;
  assert.equal((await run('gw', 'fleet', 'host', 'add', 'web1', '--key', key)).code, 0);
  const twice = await run('gw', 'fleet', 'host', 'add', 'web1', '--key', newKey().publicKey);
  assert.equal(twice.code, 4);
  assert.match(twice.stderr, /web1 is let in already; for a new key .*uapid fleet host remove/);
  assert.equal((await run('gw', 'fleet', 'host', 'add', 'Web', '--key', key)).code, 6);
  const address = 'https://web2.example:2083';
  const over = ['fleet', 'host', 'add', 'web2', '--address'];
  assert.equal((await run('gw', ...over, 'http://web2.example:2083')).code, 6);
  assert.equal((await run('gw', ...over, address, '--fingerprint', 'ab:cd')).code, 6);
  assert.equal(
    (await run('gw', 'fleet', 'host', 'add', 'web2')).code,
    2,
    'neither key nor address',
  );
  const fingerprint = 'ab'.repeat(32);
  assert.equal((await run('gw', ...over, `${address}/`, '--fingerprint', fingerprint)).code, 0);
  assert.equal(
    (await run('gw', 'fleet', 'host', 'list')).stdout,
    `web1\t${key}\t-\nweb2\t-\t${address}\n`,
  );
  const gone = await run('gw', 'fleet', 'host', 'remove', 'web2');
  assert.deepEqual([gone.code, gone.stderr], [0, 'uapid: host web2 is removed\n']);
  const add = ['account', 'add', 'alice', '--generate-password'];
  assert.equal((await run('gw', ...add)).code, 0);
  const elsewhere = await run('gw', 'account', 'add', 'zoe', '--generate-password');
  assert.match(elsewhere.stderr, /this gateway has no system user zoe; .* uapid account place/);
  const many = join(folder, 'accounts.json');
  writeFileSync(many, JSON.stringify([{ name: 'yan', password: 'long enough for a test' }]));
  const imported = await run('gw', 'account', 'import', many);
  assert.match(imported.stderr, /this gateway has no system user yan; .* uapid account place/);
  const placed = await run(
    'gw',
    'account',
    'place',
    'alice',
    '--on',
    'web1:alice',
    '--on',
    'web7:alice2',
  );
  assert.match(placed.stderr, /account alice is placed on web1:alice, web7:alice2/);
  assert.match(placed.stderr, /warning: not let in to this fleet, .* missing: web7; /);
  const accounts = () =>
    JSON.parse(readFileSync(join(folder, 'gw/accounts.json'), 'utf8')).accounts;
  assert.deepEqual(accounts()[0].placements, [
    { host: 'web1', systemUser: 'alice' },
    { host: 'web7', systemUser: 'alice2' },
  ]);
  const removed = await run('gw', 'fleet', 'host', 'remove', 'web1');
  assert.match(removed.stderr, /still placed on it: alice/);
  const file = join(folder, 'places.json');
  writeFileSync(file, JSON.stringify({ alice: ['web2:al'], bob: [] }));
  assert.equal((await run('gw', 'account', 'place', '--from', file)).code, 3, 'there is no bob');
  assert.equal(accounts()[0].placements.length, 2, 'so nothing has changed');
  writeFileSync(file, JSON.stringify({ alice: ['web2:al'] }));
  assert.equal((await run('gw', 'account', 'place', '--from', file)).code, 0);
  assert.deepEqual(accounts()[0].placements, [{ host: 'web2', systemUser: 'al' }]);
  for (const how of [['place', '--from'], ['import']]) {
    const none = await run('gw', 'account', ...how, join(folder, 'none'));
    assert.equal(none.code, 1);
    assert.equal(none.stderr, `uapid: ${join(folder, 'none')} cannot be read (ENOENT)\n`);
  }
  const audit = readFileSync(join(folder, 'gw/audit.log'), 'utf8');
  assert.equal(audit.match(/account-changed .*account="alice".* role=user/g)?.length, 2);
  assert.equal((await run('gw', 'account', 'place', 'alice')).code, 2);
  assert.equal((await run('gw', 'account', 'place', 'alice', '--on', 'alice')).code, 6);
  assert.equal((await run('gw', 'account', 'place', 'alice', '--nowhere')).code, 0);
  assert.equal(accounts()[0].placements, undefined);
});

test('the configuration of the messaging server is whole, or the command says what it lacks', async () => {
  const key = newKey().publicKey;
  await run('nats', 'fleet', 'host', 'add', 'web1', '--key', key);
  const config = (...more: string[]) => run('nats', 'fleet', 'nats-config', ...more);
  assert.match((await config()).stderr, /name a gateway/);
  const gateway = ['--fleet-gateway', 'gw1'];
  assert.match((await config(...gateway)).stderr, /name --tls-cert, --tls-key and --tls-ca/);
  const tls = ['--tls-cert', '/c.pem', '--tls-key', '/k.pem', '--tls-ca', '/ca.pem'];
  const { stdout } = await config(...gateway, ...tls);
  const own = JSON.parse((await run('nats', 'fleet', 'key', '--json')).stdout).connection;
  for (const part of [
    own,
    key,
    'verify: true',
    'allow_responses: { max: 64',
    'listen: "0.0.0.0:4222"',
  ]) {
    assert.ok(stdout.includes(part), part);
  }
  assert.ok(!/jetstream|websocket|mqtt|leafnode/i.test(stdout));
  const file = join(folder, 'nats.conf');
  assert.equal((await config(...gateway, ...tls, '--write', file)).code, 0);
  assert.equal(readFileSync(file, 'utf8'), stdout);
  const both = await config(...gateway, ...tls, '--gateway', `gw2=${key}`);
  assert.match(both.stderr, /web1 and gw2 have one key: this machine may do what/);
  assert.equal(both.stdout.split(key).length, 2, 'one user of that key');
  const twice = ['--gateway', `gw2=${key}`, '--gateway', `gw3=${key}`];
  assert.match(
    (await config(...gateway, ...tls, ...twice)).stderr,
    /gw2 and gw3 have the same key/,
  );
  for (const [option, value, code, said] of [
    ['--gateway', 'gw2', 2, ' takes NAME=KEY: the connection key'],
    ['--gateway', 'gw2=U', 6, ': that is no public key'],
    ['--operator', 'me', 6, ': that is no public key'],
  ] as const) {
    const wrong = await config(...gateway, ...tls, option, value);
    assert.equal(wrong.code, code, wrong.stderr);
    assert.ok(wrong.stderr.includes(`uapid: ${option}${said}`), wrong.stderr);
  }
  const quote = ['--tls-cert', '/a" }', '--tls-key', '/k', '--tls-ca', '/a'];
  assert.equal((await config(...gateway, ...quote)).code, 2);
});
