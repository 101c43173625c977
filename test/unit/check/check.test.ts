import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkCertificate } from '../../../src/check/certificate.ts';
import { checkDaemons } from '../../../src/check/daemons.ts';
import { checkStateDirectory, checkWritable } from '../../../src/check/files.ts';
import { checkPort } from '../../../src/check/ports.ts';
import { localPair } from '../../support/key-pairs.ts';

const states = (findings: readonly { readonly state: string }[]) =>
  findings.map(({ state }) => state);

test('a certificate is to be renewed before it ends, and who it is for is said', async () => {
  const certificate = new X509Certificate((await localPair()).cert);
  const end = Date.parse(certificate.validTo);
  const at = (days: number, hosts = ['localhost']) =>
    checkCertificate(certificate, hosts, end - days * 86_400_000);
  assert.deepEqual(states(at(20)), ['ok', 'note']);
  assert.match(at(20)[0]?.text ?? '', /^It is valid for 20 days more/);
  assert.match(at(20)[1]?.text ?? '', /self-signed/);
  assert.equal(at(13.5)[0]?.state, 'mend');
  assert.match(at(-1)[0]?.text ?? '', /^It has expired/);
  assert.match(
    at(20, ['web9.example'])[2]?.text ?? '',
    /none of this host’s names \(web9.example\)/,
  );
});

test('a port is uapid’s, free, or another program’s', async (t) => {
  let challenge = 'Basic realm="uapid", charset="UTF-8"';
  const server = createServer((_request, response) => {
    response.writeHead(401, { 'www-authenticate': challenge, connection: 'close' }).end();
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const address = { url: `http://127.0.0.1:${port}`, host: '127.0.0.1', port };
  assert.equal((await checkPort(address, true)).state, 'ok');
  challenge = 'Basic realm="router"';
  assert.match(
    (await checkPort(address, false)).text,
    /answers with 401, not as uapid does: another/,
  );
  assert.match((await checkPort(address, true)).text, /though a server runs/);
  server.close();
  await once(server, 'close');
  assert.match((await checkPort(address, false)).text, /is free/);
  assert.match((await checkPort(address, true)).text, /ECONNREFUSED/);
  const foreign = { url: 'http://192.0.2.1:2082', host: '192.0.2.1', port: 2082 };
  assert.notEqual((await checkPort(foreign, false)).state, 'ok');
});

test('what a scan could not see is to be mended, and what was decided is noted', () => {
  const nothing = { begunAt: 0, tookMs: 1, daemons: [], sessions: [], gaps: [] };
  const gap = (cause: 'processes-hidden' | 'daemon-in-container') => ({
    ...nothing,
    gaps: [{ cause, count: 1, pids: [1] }],
  });
  const of = (snapshot: object) =>
    states(checkDaemons(snapshot as Parameters<typeof checkDaemons>[0]));
  assert.deepEqual(of(nothing), ['note']);
  assert.deepEqual(of(gap('processes-hidden')), ['note', 'mend']);
  assert.deepEqual(of(gap('daemon-in-container')), ['note', 'note']);
  assert.deepEqual(of({ ...nothing, daemons: [{ name: 'pure-ftpd', pid: 8 }] }), ['ok']);
});

test('files are looked at for whether they can be written, and the state for who may read it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-check-'));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.equal(checkWritable('log', join(folder, 'a/b.log')).state, 'ok');
  assert.equal(checkWritable('log', '/proc/none/b.log').state, 'mend');
  assert.equal(checkStateDirectory(folder).state, 'ok');
  chmodSync(folder, 0o755);
  assert.match(checkStateDirectory(folder).text, /chmod 700/);
  assert.equal(checkStateDirectory(join(folder, 'none')).state, 'note');
  writeFileSync(join(folder, 'b.log'), '');
  assert.equal(checkWritable('log', join(folder, 'b.log')).state, 'ok');
});
