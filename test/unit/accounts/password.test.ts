import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash } from '@node-rs/argon2';
import { checkPassword, generatePassword } from '../../../src/accounts/password.ts';
import {
  dummyHash,
  hashPassword,
  passwordHash,
  verifyPassword,
} from '../../../src/accounts/password-hash.ts';

test('a generated password is 22 letters and digits, each time others, and will do', () => {
  const made = Array.from({ length: 200 }, generatePassword);
  assert.ok(made.every((each) => /^[A-Za-z0-9]{22}$/.test(each) && checkPassword(each) === null));
  assert.equal(new Set(made).size, made.length);
  // Of 62 characters each is missing from 4400 draws with a chance of about 10^-31.
  assert.equal(new Set(made.join('')).size, 62);
});

test('a password has 8 to 1024 bytes and no control characters', () => {
  for (const good of ['12345678', 'éééé', 'x'.repeat(1024), 'with space: and colon']) {
    assert.equal(checkPassword(good), null);
  }
  for (const bad of [
    '',
    '1234567',
    'ééé',
    'x'.repeat(1025),
    'tab\tinside',
    'nul\0inside',
    'c1\x85inside',
  ]) {
    assert.notEqual(checkPassword(bad), null, JSON.stringify(bad));
  }
});

test('hashes are argon2id with the parameters of OWASP and a salt of their own', async () => {
  const [first, second] = await Promise.all([hashPassword('the same'), hashPassword('the same')]);
  assert.match(first, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22}\$[^$]{43}$/);
  assert.notEqual(first, second);
  assert.equal(await verifyPassword(first, 'the same'), true);
  assert.equal(await verifyPassword(first, 'the sama'), false);
});

test('the fallback for unknown accounts has the form of a real hash and matches nothing', async () => {
  const shape = (phc: string) => phc.replace(/\$[^$]+\$[^$]+$/, '');
  const real = await hashPassword('whatever it is');
  assert.equal(shape(dummyHash), shape(real));
  assert.equal(dummyHash.length, real.length);
  assert.equal(await verifyPassword(dummyHash, ''), false);
});

test('a hash with other parameters still verifies', async () => {
  const other = await hash('a password', { memoryCost: 1024, timeCost: 3, parallelism: 2 });
  assert.equal(passwordHash.safeParse(other).success, true);
  assert.equal(await verifyPassword(other, 'a password'), true);
  assert.equal(await verifyPassword(other, 'no password'), false);
});

test('what is no argon2 hash is not taken for one', () => {
  for (const bad of [
    '',
    'plain',
    '$2b$10$abcdefghijklmnopqrstuv',
    '$argon2id$v=19$m=1,t=1,p=1$x$y',
  ]) {
    assert.equal(passwordHash.safeParse(bad).success, false, bad);
  }
});
