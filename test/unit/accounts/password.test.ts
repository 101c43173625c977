import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash } from '@node-rs/argon2';
import { checkPassword, generatePassword } from '../../../src/accounts/password.ts';
import {
  dummyHash,
  hashPassword,
  passwordHash,
  requireHash,
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

/** "é", "한" and a space, each in two ways to write it. */
const composed = 'caf\u00e9 \ud55c!';
const decomposed = 'cafe\u0301\u00a0\u1112\u1161\u11ab!';

test('a password is the same however its characters are put together', async () => {
  for (const [first, second] of [
    [composed, decomposed],
    [decomposed, composed],
  ] as const) {
    const hashed = await hashPassword(first);
    assert.equal(await verifyPassword(hashed, first), true);
    assert.equal(await verifyPassword(hashed, second), true);
    assert.equal(await verifyPassword(hashed, 'cafe \ud55c!'), false);
  }
  // Compatibility characters are others: NFC and not NFKC (RFC 8265).
  assert.equal(await verifyPassword(await hashPassword('passwor\uff44'), 'password'), false);
});

test('a hash that was made of a password as it was typed still verifies it', async () => {
  const old = await hash(decomposed, { memoryCost: 1024, timeCost: 1, parallelism: 1 });
  assert.equal(await verifyPassword(old, decomposed), true);
  assert.equal(await verifyPassword(old, composed), false);
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

test('bcrypt and sha512-crypt hashes of others verify, by every prefix that bcrypt has had', async () => {
  for (const [hashed, password] of [
    // Of the tests of crypt_blowfish, by its author.
    ['$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
    ['$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK', 'U*U*'],
    ['$2y$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a', 'U*U*U'],
    // Of the specification of sha512-crypt.
    [
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
      'Hello world!',
    ],
    [
      '$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1',
      'a very much longer text to encrypt.  This one even stretches over morethan one line.',
    ],
  ] as const) {
    assert.equal(passwordHash.safeParse(hashed).success, true, hashed);
    assert.equal(await verifyPassword(hashed, password), true, hashed);
    for (const wrong of ['', `${password}x`, password.slice(1), `${password}\0`]) {
      assert.equal(await verifyPassword(hashed, wrong), false, `${hashed} ${wrong}`);
    }
  }
});

test('of a password that bcrypt does not read whole none is right, nor one with what ends it in C', async () => {
  // Of the tests of crypt_blowfish; there whatever begins with these 72 bytes is right.
  const hashed = '$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui';
  const whole = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  assert.equal(await verifyPassword(hashed, whole), true);
  assert.equal(await verifyPassword(hashed, `${whole}chars after 72 are ignored`), false);
  assert.equal(await verifyPassword(hashed, `${whole}x`), false);
  // bcrypt repeats a password and its end until it has 72 bytes, so these are one to it.
  const repeated = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
  assert.equal(await verifyPassword(repeated, 'U*U\0U*U'), false);
});

const salt = 'c29tZXNhbHRzb21lc2FsdA';
const argon2 = (parameters: string, kind = 'argon2id') =>
  `$${kind}$v=19$${parameters}$${salt}$${'A'.repeat(43)}`;
const bcrypt = (cost: string, kind = '2b') => `$${kind}$${cost}$${'.'.repeat(53)}`;
const sha512 = (rounds: string) => `$6$${rounds}salt$${'.'.repeat(86)}`;

test('a hash is taken up to the cost that a stranger may cause, and no further', () => {
  for (const good of [
    argon2('m=131072,t=4,p=1'),
    argon2('m=65536,t=8,p=4'),
    bcrypt('04'),
    bcrypt('13', '2y'),
    sha512(''),
    sha512('rounds=1000$'),
    sha512('rounds=100000$'),
  ]) {
    assert.equal(passwordHash.safeParse(good).success, true, good);
    requireHash(good);
  }
  for (const [bad, reason] of [
    [argon2('m=131073,t=1,p=1'), /128 MiB/],
    [argon2('m=4294967295,t=1,p=1'), /128 MiB/],
    [argon2('m=131072,t=5,p=1'), /512 MiB/],
    [argon2('m=8,t=65537,p=1'), /512 MiB/],
    [bcrypt('03'), /cost of 3; 4 to 13/],
    [bcrypt('14'), /cost of 14; 4 to 13/],
    [sha512('rounds=999$'), /rounds of 999; 1000 to 100000/],
    [sha512('rounds=100001$'), /rounds of 100001/],
  ] as const) {
    assert.equal(passwordHash.safeParse(bad).success, false, bad);
    assert.throws(() => requireHash(bad), {
      name: 'RefusedError',
      reason: 'invalid',
      message: reason,
    });
  }
});

test('what is no whole hash of a kind that is known is not taken for one, and not repeated', () => {
  for (const bad of [
    '',
    'plain',
    '$2b$10$abcdefghijklmnopqrstuv',
    '$argon2id$v=19$m=1,t=1,p=1$x$y',
    argon2('m=19456,t=2,p=1', 'argon2i'),
    argon2('m=19456,t=2,p=1', 'argon2d'),
    argon2('m=19456,t=2,p=1').replace('v=19$', ''),
    argon2('m=19456,t=2,p=1').padEnd(600, 'A'),
    bcrypt('10', '2x'),
    bcrypt('10', '2'),
    // Bits that mean nothing, and are none of bcrypt's own.
    `$2b$10$${'.'.repeat(21)}/${'.'.repeat(31)}`,
    `$2b$10$${'.'.repeat(52)}/`,
    `${bcrypt('10')}\n`,
    ` ${bcrypt('10')}`,
    sha512('rounds=01000$'),
    sha512('rounds=$'),
    `$6$${'s'.repeat(17)}$${'.'.repeat(86)}`,
    `$6$salt$${'.'.repeat(85)}`,
    `$5$salt$${'.'.repeat(43)}`,
    '$1$salt$qJH7.N4xYta3aEG/dfqo/0',
    '!',
  ]) {
    assert.equal(passwordHash.safeParse(bad).success, false, bad);
    const isQuiet = (error: Error) => bad.length < 8 || !error.message.includes(bad);
    assert.throws(() => requireHash(bad), isQuiet);
  }
});
