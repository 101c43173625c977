import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { needsSandbox } from '../../support/sandbox.ts';
import { metricsCredentials, metricsTokenFile } from '../../support/uapid.ts';
import { launch, makeState, type ServedUapid, serve } from '../channel/served.ts';

const skip = needsSandbox();
const anywhere = ['--metrics', 'http://127.0.0.1:0', '--log-level', 'warn'];
/** A group of every Debian, as a collector of metrics may have one. */
const group = { name: 'games', gid: 60 };

const urlOf = ({ stdout }: ServedUapid) => /^Metrics: (\S+)\/metrics$/m.exec(stdout())?.[1] ?? '';

/** The status of /metrics for the token that the file has now. */
async function statusWith(uapid: ServedUapid, headers: Readonly<Record<string, string>>) {
  return (await fetch(`${urlOf(uapid)}/metrics`, { headers })).status;
}

/** Whether another user of the host can read a file. */
function canRead(path: string, gid: number): boolean {
  const as = ['--reuid=65534', `--regid=${gid}`, '--clear-groups', '--'];
  return spawnSync('setpriv', [...as, 'cat', path]).status === 0;
}

async function start(t: TestContext, stateDir: string, args: readonly string[] = []) {
  return serve(t, { stateDir, args: [...anywhere, ...args] });
}

async function stop(uapid: ServedUapid): Promise<void> {
  uapid.kill('SIGTERM');
  assert.equal(await uapid.ended(), 0);
}

test('metrics are for those alone that show the token, which is root’s alone to read', {
  skip,
}, async (t) => {
  const { stateDir } = makeState(t);
  const uapid = await start(t, stateDir);
  const path = metricsTokenFile(stateDir);
  const { authorization } = metricsCredentials(stateDir);
  assert.ok(uapid.stdout().includes(`They ask for the bearer token in ${path}.\n`));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(canRead(path, 65_534), false);
  const secret = authorization.slice('Bearer '.length);
  const ask = (method: string, headers: Readonly<Record<string, string>>) =>
    fetch(`${urlOf(uapid)}/metrics`, { method, headers });
  for (const method of ['GET', 'HEAD']) {
    const bare = await ask(method, {});
    assert.equal(bare.status, 401);
    assert.equal(bare.headers.get('www-authenticate'), 'Bearer realm="uapid metrics"');
    assert.doesNotMatch(await bare.text(), /uapid_|\d/);
    for (const wrong of [
      `Bearer ${secret.slice(0, -1)}`,
      `Bearer ${secret}x`,
      `Bearer x ${secret}`,
      `Basic ${secret}`,
      `Basic ${Buffer.from(`admin:${secret}`).toString('base64')}`,
      secret,
      'Bearer ',
    ]) {
      assert.equal((await ask(method, { authorization: wrong })).status, 401, wrong);
    }
    const wrong = await ask(method, { authorization: 'Bearer wrong' });
    assert.match(wrong.headers.get('www-authenticate') ?? '', /, error="invalid_token"$/);
    for (const right of [authorization, `bearer ${secret}`]) {
      const answer = await ask(method, { authorization: right });
      assert.equal(answer.status, 200, right.replace(secret, '…'));
    }
  }
  for (const [open, body] of [
    ['/healthz', 'ok\n'],
    ['/readyz', 'ready\n'],
  ]) {
    const answer = await fetch(`${urlOf(uapid)}${open}`);
    assert.deepEqual([answer.status, await answer.text()], [200, body]);
  }
  const said = `${uapid.stdout()}${uapid.stderr()}`;
  assert.ok(!said.includes(secret), 'the token is told');
  // What the worker was started with, and what it was told: the hash alone.
  const http = `/proc/${await uapid.httpPid()}`;
  const known = ['cmdline', 'environ'].map((name) => readFileSync(`${http}/${name}`, 'latin1'));
  assert.ok(!known.join().includes(secret));
});

test('a token stays over restarts; one that was removed counts until the next', {
  skip,
}, async (t) => {
  const { stateDir } = makeState(t);
  const first = await start(t, stateDir);
  const old = metricsCredentials(stateDir);
  await stop(first);
  const second = await start(t, stateDir);
  assert.deepEqual(metricsCredentials(stateDir), old);
  rmSync(metricsTokenFile(stateDir));
  assert.equal(await statusWith(second, old), 200);
  await stop(second);
  const third = await start(t, stateDir);
  assert.equal(await statusWith(third, old), 401);
  assert.equal(await statusWith(third, metricsCredentials(stateDir)), 200);
});

test('a group may read the token where it is named, and nobody else', { skip }, async (t) => {
  const { stateDir } = makeState(t);
  await stop(await start(t, stateDir));
  chmodSync(stateDir, 0o711);
  const path = metricsTokenFile(stateDir);
  assert.equal(canRead(path, group.gid), false);
  // Of a token that is there already, too.
  await start(t, stateDir, ['--metrics-token-group', group.name]);
  const { mode, uid, gid } = statSync(path);
  assert.deepEqual([mode & 0o777, uid, gid], [0o640, 0, group.gid]);
  assert.equal(canRead(path, group.gid), true);
  assert.equal(canRead(path, 65_534), false);
  const other = join(stateDir, 'elsewhere');
  const flags = ['--metrics-token-file', other, '--metrics-token-group', group.name];
  await start(t, stateDir, [...flags, '--control-socket', 'none']);
  assert.equal(statSync(other).mode & 0o777, 0o640);
  assert.equal(canRead(other, group.gid), true);
});

test('a token that others know or choose is not believed, and the start says so', {
  skip,
}, async (t) => {
  const { stateDir } = makeState(t);
  const path = metricsTokenFile(stateDir);
  const token = 'x'.repeat(32);
  const faults: [spoil: () => void, said: RegExp][] = [
    [() => chmodSync(path, 0o604), /is open to others \(mode 604\); remove it/],
    [() => chmodSync(path, 0o620), /is open to others \(mode 620\)/],
    [() => chownSync(path, 12_345, 0), /belongs to another user \(uid 12345\)/],
    [() => writeFileSync(path, 'short\n'), /holds no token of 32 characters or more/],
    [() => writeFileSync(path, `${token} ${token}`), /holds no token/],
  ];
  for (const [spoil, said] of faults) {
    rmSync(path, { force: true });
    writeFileSync(path, `${token}\n`, { mode: 0o600 });
    spoil();
    const run = launch(t, ['--listen', 'http://127.0.0.1:0', '--state-dir', stateDir, ...anywhere]);
    assert.equal(await run.ended, 1);
    assert.match(run.stderr(), said);
    assert.ok(!run.stderr().includes(token));
    assert.equal(run.stdout(), '');
  }
  const place = ['--listen', 'http://127.0.0.1:0', '--state-dir', stateDir];
  const run = launch(t, [...place, ...anywhere, '--metrics-token-group', 'no-such-group']);
  assert.equal(await run.ended, 1);
  assert.match(run.stderr(), /^uapid: .*--metrics-token-group no-such-group: this system has no/);
});

test('with --metrics-public metrics ask for nothing, and the start says so', {
  skip,
}, async (t) => {
  const { stateDir } = makeState(t);
  const uapid = await start(t, stateDir, ['--metrics-public']);
  assert.equal(await statusWith(uapid, {}), 200);
  assert.match(uapid.stdout(), /^They are for everybody who reaches that address\.$/m);
  assert.throws(() => statSync(metricsTokenFile(stateDir)), /ENOENT/);
});
