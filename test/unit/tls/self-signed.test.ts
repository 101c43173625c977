import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import fc from 'fast-check';
import { checkKeyPair, isSelfSigned } from '../../../src/tls/key-pair.ts';
import { certificateHost, createSelfSigned } from '../../../src/tls/self-signed.ts';

const names = { cert: 'cert.pem', key: 'key.pem' };

test('a self-signed pair fits together and is for exactly the hosts that were named', async () => {
  const hosts = ['ftp.example.com', '*.example.org', '192.0.2.1', '2001:db8::1'];
  const pair = await createSelfSigned(hosts);
  const certificate = checkKeyPair(pair, names);
  const { subjectaltname } = certificate.toLegacyObject();
  const accepts = (host: string) =>
    checkServerIdentity(host, { subject: {}, subjectaltname } as PeerCertificate) === undefined;
  assert.ok(['ftp.example.com', 'a.example.org', '192.0.2.1', '2001:db8::1'].every(accepts));
  assert.ok(!['example.com', 'b.a.example.org', '192.0.2.2', '2001:db8::2'].some(accepts));
  assert.equal(isSelfSigned(pair), true);
});

test('the key is RSA with 2048 bits, and the certificate serves servers and signs nothing', async () => {
  const { cert, key } = await createSelfSigned(['localhost']);
  const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(key);
  assert.deepEqual([asymmetricKeyType, asymmetricKeyDetails?.modulusLength], ['rsa', 2048]);
  const certificate = new X509Certificate(cert);
  assert.equal(certificate.ca, false);
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
});

test('it is valid now and for the days that were asked for, 825 unless another number was', async () => {
  const lasts = async (days?: number) => {
    const { cert } = await createSelfSigned(['localhost'], days);
    const { validFrom, validTo } = new X509Certificate(cert);
    assert.ok(Date.parse(validFrom) < Date.now() - 60_000);
    return (Date.parse(validTo) + 1000 - Date.parse(validFrom)) / 86_400_000;
  };
  assert.deepEqual([await lasts(), await lasts(1), await lasts(3650)], [825, 1, 3650]);
});

test('two pairs share neither key nor serial number', async () => {
  const [one, other] = [await createSelfSigned(['a']), await createSelfSigned(['a'])];
  assert.notEqual(one.key, other.key);
  const serial = ({ cert }: { cert: string }) => new X509Certificate(cert).serialNumber;
  assert.notEqual(serial(one), serial(other));
});

test('a host name longer than a common name may be is still what the certificate is for', async () => {
  const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.example`;
  const { cert } = await createSelfSigned([long]);
  assert.equal(new X509Certificate(cert).checkHost(long), long);
});

test('a host is a DNS name or an IP address, and nothing that could mean more', () => {
  const good = {
    localhost: 'localhost',
    'Host_1.Example.COM': 'host_1.example.com',
    '*.example.com': '*.example.com',
    'bücher.example': 'xn--bcher-kva.example',
    '127.0.0.1': '127.0.0.1',
    '::1': '::1',
  };
  for (const [text, host] of Object.entries(good)) assert.equal(certificateHost(text), host);
  for (const bad of [
    '',
    'a b',
    'a,b',
    'a=b',
    'a/b',
    'a:80',
    '-a',
    'a-',
    'a..b',
    'a.',
    '*',
    'a.*.b',
    '127.1',
    '[::1]',
    'fe80::1%eth0',
    'x'.repeat(64),
    'a.'.repeat(127) + 'a'.repeat(2),
  ]) {
    assert.equal(certificateHost(bad), null, bad);
  }
});

test('of any text at all a host keeps letters, digits and . - _ * : alone', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.match(certificateHost(text) ?? 'null', /^[a-zA-Z\d._*:-]+$/);
    }),
  );
});
