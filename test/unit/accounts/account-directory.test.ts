import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash } from '@node-rs/bcrypt';
import { createAccountDirectory, standIn } from '../../../src/accounts/account-directory.ts';
import { type AccountsFile, allFeatures } from '../../../src/accounts/accounts-file.ts';
import { dummyHash } from '../../../src/accounts/password-hash.ts';

function fileOf(hashes: readonly string[]): AccountsFile {
  const accounts = hashes.map((passwordHash, index) => {
    const name = `customer${index}`;
    const features = [...allFeatures];
    return { name, role: 'user' as const, systemUser: name, owner: null, features, passwordHash };
  });
  return { version: 1, accounts };
}

const strangers = Array.from({ length: 4_000 }, (_, index) => `stranger${index}`);

test('a guess at nobody’s name costs what one at some account’s does, each as often as there are such', async () => {
  const imported = await hash('imported', 4);
  const file = fileOf([dummyHash, imported, imported, imported]);
  const chosen = strangers.map((name) => standIn(file, name));
  const share = chosen.filter((each) => each === imported).length / chosen.length;
  // Three of four; four thousand names are off by less than a hundredth mostly.
  assert.ok(share > 0.7 && share < 0.8, `${share}`);
  assert.deepEqual(new Set(chosen), new Set([dummyHash, imported]));
});

test('the same name costs the same again, and mostly so when an account is added', async () => {
  const [one, other] = [await hash('one', 4), await hash('other', 4)];
  const file = fileOf([...Array(50).fill(one), ...Array(50).fill(other)]);
  const larger = fileOf([...file.accounts.map(({ passwordHash }) => passwordHash), other]);
  const chosen = (of: AccountsFile) => strangers.map((name) => standIn(of, name));
  assert.deepEqual(chosen(file), chosen(file));
  const before = chosen(file);
  const changed = chosen(larger).filter((each, index) => each !== before[index]).length;
  assert.ok(changed < strangers.length / 50, `${changed}`);
});

test('nobody is let in with the password of the account whose hash was taken', async () => {
  const file = fileOf([await hash('correct horse', 4)]);
  const directory = createAccountDirectory(() => file);
  assert.equal(await directory.verify('customer0', 'correct horse'), true);
  for (const name of strangers.slice(0, 20)) {
    assert.equal(await directory.verify(name, 'correct horse'), false, name);
  }
});

test('where there is no account at all a guess costs what one at a new account’s does', async () => {
  assert.equal(standIn(fileOf([]), 'stranger'), dummyHash);
});
