import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openHostsStore } from '../../../src/fleet/inventory/hosts-store.ts';
import { ensureKeys } from '../../../src/fleet/key-files.ts';
import { readPublicHalf } from '../../../src/fleet/signature/keys.ts';
import { isSigned } from '../../../src/fleet/signature/signed-frame.ts';
import { openFleet } from '../../../src/monitor/open-fleet.ts';
import { newKey } from '../../support/new-fleet-key.ts';

let stateDir: string;
const place = { servers: ['nats://127.0.0.1:4222'], tls: null, host: null, gateway: 'gw1' };
const ask = {
  v: 1,
  verb: 'list',
  via: 'gw1',
  nonce: 'n'.repeat(22),
  issuedAt: 1,
  hosts: ['web1'],
  question: { users: ['alice'], details: false },
};
const fail = (problem: string) => assert.fail(problem);

before(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'uapid-open-fleet-'));
  await openHostsStore(stateDir).add({ name: 'web1', key: newKey().publicKey });
});
after(() => rmSync(stateDir, { recursive: true }));

test('without keys, or with some that others may read, a start fails with the way out', async () => {
  const other = mkdtempSync(join(tmpdir(), 'uapid-open-fleet-'));
  try {
    assert.throws(
      () => openFleet(place, other, fail),
      /connection\.nk is missing: .* uapid fleet key$/,
    );
    await ensureKeys(other, { replace: false });
    chmodSync(join(other, 'fleet/signing.pem'), 0o640);
    assert.throws(() => openFleet(place, other, fail), /signing\.pem is open to others/);
  } finally {
    rmSync(other, { recursive: true });
  }
});

test('the worker gets the key that connects, and never the one that signs', async () => {
  const { connection } = await ensureKeys(stateDir, { replace: false });
  const { handed } = openFleet(place, stateDir, fail);
  assert.match(handed.connectionSeed, /^SU/);
  assert.ok(!handed.connectionSeed.includes(connection));
  assert.ok(!JSON.stringify(handed).includes('PRIVATE KEY'));
});

test('the monitor signs this gateway’s requests to hosts that are let in, and nothing else', async () => {
  const { signing } = await ensureKeys(stateDir, { replace: false });
  const { signAsk } = openFleet(place, stateDir, fail);
  const key = readPublicHalf(signing);
  assert.ok(signAsk !== undefined && key !== null);
  const message = JSON.stringify(ask);
  const signature = signAsk(message);
  assert.ok(isSigned({ gateway: 'gw1', signature, message: Buffer.from(message) }, key));
  for (const wrong of [
    { ...ask, via: 'gw2' },
    { ...ask, hosts: ['web2'] },
    { ...ask, hosts: ['web1', 'web2'] },
    { ...ask, verb: 'end' },
    { ...ask, more: 1 },
    'any text',
  ]) {
    assert.throws(() => signAsk(JSON.stringify(wrong)), /is no request of this gateway/);
  }
});

test('a machine that is no gateway signs nothing', () => {
  const host = { name: 'web1', gateways: [{ name: 'gw1', key: 'A'.repeat(43) }] };
  const opened = openFleet({ ...place, gateway: null, host }, stateDir, fail);
  assert.equal(opened.signAsk, undefined);
  assert.equal(opened.hosts, null);
});
