import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import { createSigningKey, publicHalf, readSigningKey } from '../../../src/fleet/signature/keys.ts';
import { type Result, type Served, startServe } from '../../support/cli-run.ts';
import { runCommand } from '../../support/command-run.ts';
import { expiredPair, localPair, putPair } from '../../support/key-pairs.ts';
import { until } from '../../support/until.ts';

const run = promisify(execFile);

let dir: string;
let state: string;
let cert: string;
let running: Served[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'uapid-cli-tls-'));
  state = join(dir, 'state');
  cert = join(state, 'tls', 'cert.pem');
  running = [];
});
afterEach(async () => {
  for (const each of running) assert.equal(await each.stop(), 0, each.stderr());
  rmSync(dir, { recursive: true });
});

const uapid = (...args: string[]): Promise<Result> =>
  runCommand(args, { env: { UAPID_STATE_DIR: state } });

async function serve(...args: string[]): Promise<Served> {
  const server = await startServe(args, { UAPID_STATE_DIR: state });
  running.push(server);
  return server;
}

const httpsArgs = ['--listen', 'https://127.0.0.1:0'];

/** What curl answers: the HTTP status, or its own exit code with a minus. */
async function curlStatus(...args: string[]): Promise<number> {
  const silent = ['-q', '--silent', '--output', '/dev/null', '--write-out', '%{http_code}'];
  return run('curl', [...silent, '--max-time', '60', ...args]).then(
    ({ stdout }) => Number(stdout),
    (error) => -error.code,
  );
}

test('the pair that self-signed makes is private, named with its fingerprint, and is for this host', async () => {
  const { code, stdout } = await uapid('tls', 'self-signed');
  assert.equal(code, 0);
  const { fingerprint256, subjectAltName } = new X509Certificate(readFileSync(cert));
  assert.ok(stdout.includes(cert) && stdout.includes(join(state, 'tls', 'key.pem')));
  assert.ok(stdout.includes(fingerprint256));
  assert.match(subjectAltName ?? '', /DNS:localhost, IP Address:127\.0\.0\.1, IP Address:0:.*:1$/);
  const modeOf = (path: string) => (statSync(join(state, path)).mode & 0o777).toString(8);
  assert.deepEqual(['', 'tls', 'tls/cert.pem', 'tls/key.pem'].map(modeOf), [
    '700',
    '700',
    '644',
    '600',
  ]);
  assert.deepEqual(readdirSync(join(state, 'tls')).sort(), ['cert.pem', 'key.pem', 'lock']);
});

test('a pair that is there is not replaced without --force, nor is half of one', async () => {
  await uapid('tls', 'self-signed');
  const before = readFileSync(cert, 'utf8');
  for (const gone of [null, cert]) {
    if (gone !== null) rmSync(gone);
    const { code, stdout, stderr } = await uapid('tls', 'self-signed');
    assert.deepEqual([code, stdout], [4, '']);
    assert.match(stderr, /^uapid: \S+\.pem exists already; --force replaces it\n$/);
  }
  assert.equal((await uapid('tls', 'self-signed', '--force')).code, 0);
  assert.notEqual(readFileSync(cert, 'utf8'), before);
});

test('hosts and days are taken from the flags, and a wrong one makes nothing', async () => {
  for (const args of [
    ['--host', 'a b'],
    ['--host', 'good', '--host', 'http://bad'],
    ['--days', '0'],
    ['--days', '3651'],
    ['--days', 'many'],
  ]) {
    const { code, stderr } = await uapid('tls', 'self-signed', ...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, /^uapid: --(host|days)[^\n]*\n$/);
  }
  assert.deepEqual(readdirSync(dir), []);
  const args = ['--host', 'ftp.example', '--host', '192.0.2.1', '--days', '30'];
  assert.equal((await uapid('tls', 'self-signed', ...args)).code, 0);
  const { subjectAltName, validTo } = new X509Certificate(readFileSync(cert));
  assert.equal(subjectAltName, 'DNS:ftp.example, IP Address:192.0.2.1');
  assert.ok(Math.abs(Date.parse(validTo) - Date.now() - 30 * 86_400_000) < 2 * 3_600_000);
});

test('curl trusts the server by that certificate alone, and the command of the start-up banner works', async () => {
  await uapid('tls', 'self-signed');
  const server = await startServe(httpsArgs, { UAPID_STATE_DIR: state }, { terminal: true });
  running.push(server);
  const [url = ''] = server.urls;
  const { port } = new URL(url);
  assert.equal(await curlStatus('--cacert', cert, `${url}/`), 200);
  assert.equal(await curlStatus('--cacert', cert, `https://localhost:${port}/`), 200);
  assert.equal(await curlStatus(`${url}/`), -60);
  assert.equal(await curlStatus('--cacert', cert, '--tls-max', '1.2', `${url}/`), 200);
  const [, ...fromBanner] = /^ *curl (-k) (-u) (\S+) (\S+)$/m.exec(server.stdout()) ?? [];
  assert.equal(fromBanner.length, 4, server.stdout());
  assert.equal(await curlStatus(...fromBanner), 200);
  const check = await uapid('check', '--listen', url, '--metrics', 'none', '--json');
  const stateOf = (wanted: string) =>
    (JSON.parse(check.stdout) as { subject: string; state: string; text: string }[])
      .filter(({ subject }) => subject === wanted)
      .map(({ state }) => state);
  for (const subject of ['server', 'port', 'accounts', 'state'])
    assert.deepEqual(stateOf(subject), ['ok'], check.stdout);
  assert.equal(stateOf('certificate')[0], 'ok');
  const key = publicHalf(readSigningKey(createSigningKey()) ?? assert.fail());
  const fleet = ['--fleet', 'nats://127.0.0.1:1', '--fleet-host', 'web1', '--fleet-gateways'];
  const metricsAlone = ['--listen', 'none', '--metrics', 'https://127.0.0.1:1'];
  const quiet = await uapid('check', ...metricsAlone, ...fleet, `gw1=${key}`);
  assert.match(quiet.stdout, /^ok +certificate /m, quiet.stderr);
  assert.doesNotMatch(quiet.stdout, /accounts|proxy|No https address/);
});

test('with plain HTTP beside https the start-up banner needs no flag of curl’s for certificates', async () => {
  await uapid('tls', 'self-signed');
  const server = await serve('--listen', 'https://127.0.0.1:0,http://127.0.0.1:0');
  assert.match(
    server.stdout(),
    /^Then: curl -u admin http:\/\/127\.0\.0\.1:\d+\/Ftp\/list_sessions$/m,
  );
  const [tlsUrl = '', plainUrl = ''] = server.urls;
  assert.equal(await curlStatus('--cacert', cert, `${tlsUrl}/`), 200);
  assert.equal(await curlStatus(`${plainUrl}/`), 200);
});

test('a running server takes a renewed pair over, and connections that are open stay', async (t) => {
  await uapid('tls', 'self-signed');
  const before = readFileSync(cert);
  const [url = ''] = (await serve(...httpsArgs)).urls;
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: before });
  t.after(() => agent.destroy());
  const ask = async () => {
    const [response] = (await once(https.get(url, { agent }), 'response')) as [IncomingMessage];
    const { localPort } = response.socket;
    await once(response.resume(), 'end');
    return localPort;
  };
  const first = await ask();
  assert.equal((await uapid('tls', 'self-signed', '--force')).code, 0);
  await until(async () => (await curlStatus('--cacert', cert, `${url}/`)) === 200, {
    what: 'the renewed certificate is in use',
  });
  assert.equal(await ask(), first);
});

test('https without a certificate does not start, and says how to make one', async () => {
  const { code, stdout, stderr } = await uapid('serve', ...httpsArgs);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^uapid: [^\n]*`uapid tls self-signed`[^\n]*--tls-cert[^\n]*\n$/);
});

test('files that cannot be used for TLS stop the start with one line that names them', async () => {
  const [one, other] = [await localPair(), await localPair()];
  const files = putPair(dir, { cert: one.cert, key: other.key });
  const start = (certFile: string, keyFile: string) =>
    uapid('serve', ...httpsArgs, '--tls-cert', certFile, '--tls-key', keyFile);
  for (const [{ code, stdout, stderr }, expected] of [
    [await start(files.cert, files.key), /key\.pem is not the key of/],
    [await start(join(dir, 'none.pem'), files.key), /none\.pem cannot be read \(ENOENT\)/],
    [await start(files.key, files.key), /key\.pem holds no certificate/],
  ] as const) {
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, expected);
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  }
  const half = await uapid('serve', ...httpsArgs, '--tls-cert', files.cert);
  assert.equal(half.code, 2);
  assert.match(half.stderr, /^uapid: --tls-cert: [^\n]*--tls-key/);
});

test('a certificate that has expired is used all the same, with a warning in the log', async () => {
  const files = putPair(dir, await expiredPair());
  const args = ['--tls-cert', files.cert, '--tls-key', files.key];
  const server = await serve(...httpsArgs, ...args);
  await until(() => /"level":40[^\n]*cert\.pem has expired/.test(server.stderr()), {
    what: 'the warning is in the log',
  });
  assert.equal(await curlStatus('--insecure', `${server.urls[0]}/`), 200);
});

test('clients that fail at TLS put nothing of their own into the log', async () => {
  await uapid('tls', 'self-signed');
  const server = await serve(...httpsArgs);
  const [url = ''] = server.urls;
  for (const bytes of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01\x00\x05hello']) {
    const rude = connect(Number(new URL(url).port), '127.0.0.1');
    rude.on('error', () => undefined);
    rude.resume().write(bytes);
    await once(rude, 'close');
  }
  assert.equal(await curlStatus(`${url}/`), -60);
  assert.equal(await curlStatus('--cacert', cert, `${url}/`), 200);
  const lines = server.stderr().trimEnd().split('\n');
  assert.ok(!lines.some((line) => /"level":[456]0/.test(line)), server.stderr());
});
