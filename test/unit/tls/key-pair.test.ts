import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { before, test } from 'node:test';
import {
  checkKeyPair,
  isSelfSigned,
  type KeyPair,
  KeyPairError,
  validityProblem,
} from '../../../src/tls/key-pair.ts';
import { expiredPair, localPair } from '../../support/key-pairs.ts';

const names = { cert: '/etc/tls/cert.pem', key: '/etc/tls/key.pem' };

let [one, other]: KeyPair[] = [];
before(async () => {
  [one, other] = [await localPair(), await localPair()];
});

/** The message for a pair made of the first one's parts and what is given instead. */
function faultOf(instead: Partial<KeyPair>): string {
  assert.ok(one);
  try {
    checkKeyPair({ ...one, ...instead }, names);
  } catch (error) {
    assert.ok(error instanceof KeyPairError, String(error));
    return error.message;
  }
  return '';
}

test('a pair passes, also with issuers after its certificate and with text around both', () => {
  assert.ok(one && other);
  assert.equal(faultOf({}), '');
  assert.equal(faultOf({ cert: one.cert + other.cert }), '');
  assert.equal(faultOf({ cert: `Subject: me\n${one.cert}`, key: `${one.cert}${one.key}` }), '');
});

test('what is wrong with a pair is said in one line that names the file and quotes nothing', () => {
  assert.ok(one && other);
  const encrypted = createPrivateKey(one.key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hunter2' })
    .toString();
  const brokenChain = `${one.cert}-----BEGIN CERTIFICATE-----\nhunter2=\n-----END CERTIFICATE-----\n`;
  const faults: [Partial<KeyPair>, RegExp][] = [
    [{ key: other.key }, /^\/etc\/tls\/key\.pem is not the key of the first certificate in /],
    [{ cert: other.cert + one.cert }, /^\/etc\/tls\/key\.pem is not the key of the first /],
    [{ key: encrypted }, /^\/etc\/tls\/key\.pem is encrypted/],
    [{ key: 'hunter2' }, /^\/etc\/tls\/key\.pem holds no private key in PEM form$/],
    [{ key: one.key.slice(0, 900) }, /^\/etc\/tls\/key\.pem holds no private key in PEM form$/],
    [{ key: '' }, /^\/etc\/tls\/key\.pem holds no private key in PEM form$/],
    [{ cert: 'hunter2' }, /^\/etc\/tls\/cert\.pem holds no certificate in PEM form$/],
    [{ cert: one.key }, /^\/etc\/tls\/cert\.pem holds no certificate in PEM form$/],
    [{ cert: '' }, /^\/etc\/tls\/cert\.pem holds no certificate in PEM form$/],
    [{ cert: brokenChain }, /^\/etc\/tls\/cert\.pem cannot be used for TLS \(ERR_/],
  ];
  for (const [instead, expected] of faults) {
    const fault = faultOf(instead);
    assert.match(fault, expected);
    assert.doesNotMatch(fault, /hunter2|\n|BEGIN/);
  }
});

test('a certificate that clients will refuse for its time is told from one that they take', async () => {
  const problemAt = ({ cert }: KeyPair, now: number) =>
    validityProblem(new X509Certificate(cert), now);
  assert.match(problemAt(await expiredPair(), Date.now()) ?? '', /^has expired: .* GMT$/);
  const valid = await localPair(2);
  assert.equal(problemAt(valid, Date.now()), null);
  assert.match(problemAt(valid, Date.now() - 86_400_000) ?? '', /^is not valid before .* GMT$/);
  assert.match(problemAt(valid, Date.now() + 2 * 86_400_000) ?? '', /^has expired/);
});

test('a certificate that another one signed does not count as self-signed', async () => {
  const { generate } = await import('selfsigned');
  const attributes = (value: string) => [{ name: 'commonName', value }];
  const ca = await generate(attributes('ca'), { algorithm: 'sha256' });
  const issued = await generate(attributes('host'), {
    algorithm: 'sha256',
    ca: { cert: ca.cert, key: ca.private },
  });
  assert.equal(isSelfSigned({ cert: issued.cert, key: issued.private }), false);
  // The same name as the issuer's alone does not make it so either.
  const namesake = await generate(attributes('ca'), {
    algorithm: 'sha256',
    ca: { cert: ca.cert, key: ca.private },
  });
  assert.equal(isSelfSigned({ cert: namesake.cert, key: namesake.private }), false);
});
