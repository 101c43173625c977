import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { test } from 'node:test';
import { base32, crc16, fromBase32 } from '../../../../src/fleet/signature/base32.ts';
import {
  connectionKey,
  createConnectionSeed,
  createSigningKey,
  isConnectionKey,
  publicHalf,
  readPublicHalf,
  readSigningKey,
} from '../../../../src/fleet/signature/keys.ts';

test('base32 is that of RFC 4648 without padding, and back', () => {
  // Section 10 of the RFC.
  const vectors = {
    '': '',
    f: 'MY',
    fo: 'MZXQ',
    foo: 'MZXW6',
    foob: 'MZXW6YQ',
    foobar: 'MZXW6YTBOI',
  };
  for (const [plain, text] of Object.entries(vectors)) {
    assert.equal(base32(Buffer.from(plain)), text);
    assert.equal(fromBase32(text)?.toString(), plain);
  }
  for (const wrong of ['mz', 'M1', 'MZ=', 'MZ', 'M']) assert.equal(fromBase32(wrong), null, wrong);
});

test('the checksum is CRC-16/XMODEM', () => {
  assert.equal(crc16(Buffer.from('123456789')), 0x31c3);
});

test('a key of the messaging server has the form of nkeys, and a changed character is seen', () => {
  // The pair of the documentation of nkeys, https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth
  const known = connectionKey('SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY');
  assert.equal(known?.publicKey, 'UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4');
  const seed = createConnectionSeed();
  const key = connectionKey(seed);
  assert.match(seed, /^SU[A-Z2-7]{56}$/);
  assert.ok(
    key !== null && /^U[A-Z2-7]{55}$/.test(key.publicKey) && isConnectionKey(key.publicKey),
  );
  for (const at of [1, 20, 57]) {
    const other = seed[at] === 'A' ? 'B' : 'A';
    assert.equal(connectionKey(seed.slice(0, at) + other + seed.slice(at + 1)), null);
  }
  assert.equal(connectionKey(key.publicKey), null);
  assert.ok(!isConnectionKey(seed));
  assert.ok(
    !isConnectionKey(`${key.publicKey.slice(0, -1)}${key.publicKey.endsWith('A') ? 'B' : 'A'}`),
  );
});

test('the proof of a key is its signature of what the server says, and of nothing that could be a request', () => {
  const key = connectionKey(createConnectionSeed());
  assert.ok(key !== null);
  const raw = fromBase32(key.publicKey)?.subarray(1, 33) ?? Buffer.alloc(0);
  const publicKey = readPublicHalf(raw.toString('base64url'));
  const proof = Buffer.from(key.prove('dHp4Xz09YWJj'), 'base64url');
  assert.ok(publicKey !== null && verify(null, Buffer.from('dHp4Xz09YWJj'), publicKey, proof));
  for (const wrong of [
    '',
    'short',
    'uapid fleet request 1\0{"v":1}',
    'a b c d e f g h',
    'x'.repeat(200),
  ]) {
    assert.throws(() => key.prove(wrong), /strange text/);
  }
});

test('a signing key is an Ed25519 key in PEM form with a public half of 43 characters', () => {
  const pem = createSigningKey();
  const key = readSigningKey(pem);
  assert.ok(key !== null);
  const half = publicHalf(key);
  assert.match(half, /^[\w-]{43}$/);
  assert.equal(readPublicHalf(half)?.asymmetricKeyType, 'ed25519');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const other = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  for (const wrong of ['', 'x', other]) assert.equal(readSigningKey(wrong), null);
  for (const wrong of ['', 'x'.repeat(42), `${half} `]) assert.equal(readPublicHalf(wrong), null);
});
