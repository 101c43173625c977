import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AuditEvent } from '../../../src/audit/audit-event.ts';
import { openHostsStore } from '../../../src/fleet/inventory/hosts-store.ts';
import { ensureKeys } from '../../../src/fleet/key-files.ts';
import { readPublicHalf } from '../../../src/fleet/signature/keys.ts';
import { isSigned } from '../../../src/fleet/signature/signed-frame.ts';
import { openFleet } from '../../../src/monitor/open-fleet.ts';
import { newKey } from '../../support/new-fleet-key.ts';
import { person } from '../../support/person.ts';

let stateDir: string;
const place = {
  servers: ['nats://127.0.0.1:4222'],
  tls: null,
  ca: null,
  host: null,
  gateway: 'gw1',
};
const ask = {
  v: 1,
  verb: 'list',
  via: 'gw1',
  nonce: 'n'.repeat(22),
  issuedAt: Date.now(),
  hosts: ['web1'],
  question: { users: ['alice'], details: false },
};
const fail = (problem: string) => assert.fail(problem);

const people = [
  person('root', { role: 'admin' }),
  person('ann', {
    placements: [
      { host: 'web1', systemUser: 'alice' },
      { host: 'web2', systemUser: 'bob' },
    ],
    owner: 'rita',
  }),
  person('rita', { role: 'reseller' }),
  person('ben', { placements: [{ host: 'web1', systemUser: 'bob' }] }),
  person('cid', { placements: [{ host: 'web1', systemUser: 'alice' }], features: [] }),
];

/** Rights by these accounts, and the lines that were written. */
function guarding(isEnabled = true) {
  const lines: AuditEvent[] = [];
  const guard = {
    accounts: {
      find: (wanted: string) => people.find(({ name }) => name === wanted),
      ownedBy: (reseller: string) => people.filter(({ owner }) => owner === reseller),
    },
    roles: { isEnabled: () => isEnabled },
    audit: { record: (event: AuditEvent) => void lines.push(event) },
  };
  return { guard, lines };
}

const { guard } = guarding();

before(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'uapid-open-fleet-'));
  await openHostsStore(stateDir).add({ name: 'web1', key: newKey().publicKey });
});
after(() => rmSync(stateDir, { recursive: true }));

test('without keys, or with some that others may read, a start fails with the way out', async () => {
  const other = mkdtempSync(join(tmpdir(), 'uapid-open-fleet-'));
  try {
    assert.throws(
      () => openFleet(place, other, fail, guard),
      /connection\.nk is missing: .* uapid fleet key$/,
    );
    await ensureKeys(other, { replace: false });
    chmodSync(join(other, 'fleet/signing.pem'), 0o640);
    assert.throws(() => openFleet(place, other, fail, guard), /signing\.pem is open to others/);
  } finally {
    rmSync(other, { recursive: true });
  }
});

test('the worker gets the key that connects, and never the one that signs', async () => {
  const { connection } = await ensureKeys(stateDir, { replace: false });
  const { handed } = openFleet(place, stateDir, fail, guard);
  assert.match(handed.connectionSeed ?? '', /^SU/);
  assert.ok(!handed.connectionSeed?.includes(connection));
  assert.ok(!JSON.stringify(handed).includes('PRIVATE KEY'));
});

test('the monitor signs this gateway’s requests to hosts that are let in, and nothing else', async () => {
  const { signing } = await ensureKeys(stateDir, { replace: false });
  const { signAsk } = openFleet(place, stateDir, fail, guard);
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
  for (const ms of [-60_000, 60_000]) {
    const later = JSON.stringify({ ...ask, issuedAt: Date.now() + ms });
    assert.throws(() => signAsk(later), /is not of now/, 'nothing is kept for later');
  }
});

/** A request to end a session of alice's on web1, as ann asks for it. */
const end = (changes: object = {}) =>
  JSON.stringify({
    v: 1,
    verb: 'end',
    via: 'gw1',
    nonce: 'n'.repeat(22),
    issuedAt: Date.now(),
    validMs: 10_000,
    hosts: ['web1'],
    account: 'ann',
    by: 'ann',
    address: '192.0.2.7',
    users: ['alice'],
    targets: [{ pid: 7, startTime: '12' }],
    ...changes,
  });

test('the monitor signs an end for what the account may end and for nothing else, and writes each down itself', async () => {
  await ensureKeys(stateDir, { replace: false });
  const { guard: own, lines } = guarding();
  const { signAsk } = openFleet(place, stateDir, fail, own);
  assert.ok(signAsk !== undefined);
  const may = (changes: object = {}) => signAsk(end(changes)).length === 86;
  assert.ok(may(), 'its own');
  assert.ok(may({ by: 'rita' }), 'its reseller for it');
  assert.ok(may({ by: 'root' }), 'an administrator for it');
  assert.ok(may({ account: 'rita', by: 'rita' }), 'a reseller those of its accounts');
  assert.ok(may({ account: 'root', by: 'root', users: null }), 'an administrator everybody’s');
  assert.equal(lines.length, 5);
  assert.deepEqual(lines[1], {
    event: 'session-end-signed',
    address: '192.0.2.7',
    account: 'ann',
    by: 'rita',
    host: 'web1',
    pid: 7,
    start: '12',
    sessions: 1,
  });
  const wrong: Readonly<Record<string, object>> = {
    'everybody’s for a user': { users: null },
    'another user’s': { users: ['alice', 'bob'] },
    'its name on another host': { users: ['bob'] },
    'everybody’s for a reseller': { account: 'rita', by: 'rita', users: null },
    'a host that is not let in': { hosts: ['web2'], users: ['bob'] },
    'two hosts': { hosts: ['web1', 'web1'] },
    'on behalf of somebody else': { by: 'ben' },
    'by a reseller for somebody else’s account': { account: 'ben', by: 'rita', users: ['bob'] },
    'of an account that is gone': { account: 'eve', by: 'eve' },
    'by an account that is gone': { by: 'eve' },
    'without the feature': { account: 'cid', by: 'cid' },
    'for later': { issuedAt: Date.now() + 60_000 },
    'of before': { issuedAt: Date.now() - 60_000 },
    'for longer': { validMs: 60_000 },
    'as another gateway': { via: 'gw2' },
    'of nobody': { targets: [] },
    'with a word more': { more: 1 },
  };
  for (const [what, changes] of Object.entries(wrong)) {
    assert.throws(() => signAsk(end(changes)), /the worker wanted/, what);
  }
  assert.equal(lines.length, 5, 'what is not signed is not written down as that');
});

test('no end is signed while the FTP role is off, nor more of them than people and panels make', async () => {
  await ensureKeys(stateDir, { replace: false });
  const off = openFleet(place, stateDir, fail, guarding(false).guard);
  assert.throws(() => off.signAsk?.(end()), /the worker wanted/);
  const { guard: own, lines } = guarding();
  const { signAsk } = openFleet(place, stateDir, () => {}, own);
  assert.throws(() => {
    for (let count = 0; count < 2_000; count += 1) signAsk?.(end());
  }, /the worker wanted/);
  assert.ok(lines.length >= 500 && lines.length < 2_000);
});

test('a machine that is no gateway signs nothing', () => {
  const gateways = [{ name: 'gw1', key: 'A'.repeat(43) }];
  const host = { name: 'web1', gateways, allow: ['list'] as const };
  const opened = openFleet({ ...place, gateway: null, host }, stateDir, fail, guard);
  assert.equal(opened.signAsk, undefined);
  assert.equal(opened.hosts, null);
});
