import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openHostsStore } from '../../../../src/fleet/inventory/hosts-store.ts';
import { RefusedError } from '../../../../src/lib/refused-error.ts';
import { newKey } from '../../../support/new-fleet-key.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'uapid-hosts-'));
});
after(() => rmSync(folder, { recursive: true }));

const reason = (wanted: string) => (error: unknown) =>
  error instanceof RefusedError && error.reason === wanted;

test('hosts are let in and removed, each name and each key once', async () => {
  const store = openHostsStore(join(folder, 'a'));
  const [one, other] = [newKey().publicKey, newKey().publicKey];
  await store.add({ name: 'web2', key: one });
  await store.add({ name: 'web1', key: other });
  assert.deepEqual(
    store.list().map(({ name }) => name),
    ['web1', 'web2'],
  );
  assert.equal(statSync(join(folder, 'a/hosts.json')).mode & 0o777, 0o600);
  await assert.rejects(store.add({ name: 'web1', key: newKey().publicKey }), reason('exists'));
  await assert.rejects(store.add({ name: 'web3', key: one }), /is the host web2’s already/);
  await store.remove('web2');
  await assert.rejects(store.remove('web2'), reason('unknown'));
  await store.add({ name: 'web3', key: one });
  assert.equal(openHostsStore(join(folder, 'a')).list().length, 2);
});

test('what is no name or no public key is refused, and a private one is not said again', async () => {
  const store = openHostsStore(join(folder, 'b'));
  const key = newKey().publicKey;
  for (const name of ['', 'Web1', 'web.1', '*', '>', 'web1 ', 'localhost.'.repeat(9)]) {
    await assert.rejects(store.add({ name, key }), reason('invalid'), name);
  }
  for (const wrong of [
    '',
    'U',
    key.toLowerCase(),
    `${key}A`,
    'SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY',
  ]) {
    await assert.rejects(store.add({ name: 'web1', key: wrong }), (error: Error) => {
      return reason('invalid')(error) && (wrong.length < 10 || !error.message.includes(wrong));
    });
  }
});

test('a file with thousands of faults is told in a line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-hosts-'));
  const hosts = Array(2_000).fill({ name: 1 });
  writeFileSync(join(folder, 'hosts.json'), JSON.stringify({ version: 1, hosts }), { mode: 0o600 });
  assert.throws(
    () => openHostsStore(folder),
    /is damaged: hosts: 0: name: .{1,400} and 1997 more$/,
  );
});

test('a file that says one name or key twice is damaged, as is one of another version', () => {
  const key = newKey().publicKey;
  const twice = [
    { name: 'web1', key },
    { name: 'web1', key: newKey().publicKey },
  ];
  const path = join(folder, 'hosts.json');
  for (const content of [
    { version: 1, hosts: twice },
    {
      version: 1,
      hosts: [
        { name: 'web1', key },
        { name: 'web2', key },
      ],
    },
    { version: 2, hosts: [] },
  ]) {
    writeFileSync(path, JSON.stringify(content), { mode: 0o600 });
    assert.throws(() => openHostsStore(folder), /is damaged/);
  }
});
