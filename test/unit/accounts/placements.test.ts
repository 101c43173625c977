import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { maxPlacements } from '../../../src/accounts/accounts-file.ts';
import { generatePassword } from '../../../src/accounts/password.ts';

let dir: string;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'uapid-placements-'));
  const store = openAccountStore(dir);
  const password = generatePassword();
  await store.add({ name: 'alice', role: 'user', password });
  await store.add({ name: 'root', role: 'admin', password });
});
after(() => rmSync(dir, { recursive: true }));

const placesOf = (name: string) => openAccountStore(dir).find(name)?.placements;
const place = (...accounts: readonly (readonly [string, readonly string[]])[]) =>
  openAccountStore(dir).place(
    new Map(
      accounts.map(([name, hosts]) => [name, hosts.map((host) => ({ host, systemUser: 'al' }))]),
    ),
  );

test('of many accounts all are placed or none: not where one is unknown, an administrator’s or has too many places', async () => {
  await place(['alice', ['web1', 'web2', 'web1']]);
  const before = placesOf('alice');
  assert.deepEqual(
    before?.map(({ host }) => host),
    ['web1', 'web2'],
    'one that is named twice is one',
  );
  await assert.rejects(place(['alice', ['web3']], ['bob', ['web1']]), /there is no account "bob"/);
  await assert.rejects(
    place(['alice', ['web3']], ['root', ['web1']]),
    /the account root is an administrator’s, which sees every host/,
  );
  const many = Array.from({ length: maxPlacements + 1 }, (_, index) => `web${index}`);
  await assert.rejects(place(['alice', many]), /has 1000 places at most/);
  assert.deepEqual(placesOf('alice'), before);
  await place(['alice', many.slice(1)]);
  assert.equal(placesOf('alice')?.length, maxPlacements);
  await place(['alice', []]);
  assert.equal(placesOf('alice'), undefined);
});
