import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAccountStore } from '../../src/accounts/account-store.ts';
import { addAccount } from './add-account.ts';

test('accounts that tests write are what the store would have written', async (t) => {
  const [written, added] = [1, 2].map(() => mkdtempSync(join(tmpdir(), 'uapid-accounts-'))) as [
    string,
    string,
  ];
  t.after(() => {
    for (const directory of [written, added]) rmSync(directory, { recursive: true });
  });
  const store = openAccountStore(added);
  for (const { name, ...account } of [
    { name: 'boss', role: 'admin' },
    { name: 'rita', role: 'reseller', systemUser: 'games' },
    { name: 'shop', role: 'user', owner: 'rita' },
    { name: 'alice', role: 'user' },
  ] as const) {
    addAccount(written, name, `password of ${name}`, account);
    await store.add({ name, ...account, password: `password of ${name}` });
  }
  const plain = (directory: string) =>
    openAccountStore(directory)
      .file()
      .accounts.map((account) => ({ ...account, passwordHash: cost(account.passwordHash) }));
  assert.deepEqual(plain(written), plain(added));
  assert.equal(await openAccountStore(written).verify('shop', 'password of shop'), true);
  assert.equal(await openAccountStore(written).verify('shop', 'password of boss'), false);
});

/** A hash without its salt and without itself. */
function cost(hash: string): string {
  return hash.split('$').slice(0, 4).join('$');
}
