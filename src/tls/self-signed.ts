import { randomBytes, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { KeyPair } from './key-pair.ts';

const dayMs = 86_400_000;

/** A client's clock may be behind. */
const backdatedMs = 3_600_000;

/** The longest time for which Apple's systems accept a certificate (support.apple.com/103769). */
export const defaultDays = 825;

/** RFC 5280, appendix A.1: ub-common-name. */
const maxCommonName = 64;

/** RFC 1123, section 2.1, with the underscore of many host names; the first label may be a "*". */
const dnsName =
  /^(?:\*\.)?(?:[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?\.)*[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?$/;

/**
 * A host as a certificate names it: an IP address, or a DNS name in lower case and in its ASCII form
 * (RFC 5890). Null for a text that is neither.
 */
export function certificateHost(text: string): string | null {
  if (isIP(text) !== 0) return text.includes('%') ? null : text;
  // The conversion is one for URLs: it would take "a/b" for the host "a".
  const name = /^[\p{L}\p{M}\p{N}._*-]+$/u.test(text) ? domainToASCII(text) : '';
  // A last label of digits makes an address in an old notation of it, which no client looks up.
  return name.length <= 253 && dnsName.test(name) && !/(^|\.)\d+$/.test(name) ? name : null;
}

/**
 * A new key and a certificate for it that only it vouches for, for hosts that certificateHost() has
 * given, and how long that will be valid. RSA with 2048 bits, because every client of TLS 1.2 knows
 * it: clients without ECDSA are still about, on hosts as old as their panels.
 */
export async function createSelfSigned(
  hosts: readonly string[],
  days: number = defaultDays,
): Promise<KeyPair> {
  // Loaded here because it takes long, and no other command needs it.
  const { generate } = await import('selfsigned');
  const notBeforeDate = new Date(Date.now() - backdatedMs);
  const subject = [
    { name: 'commonName', value: commonName(hosts) },
    // OpenSSL finds what it trusts by this name, so clients can trust an old and a new one together
    // only where the names differ.
    { name: 'organizationName', value: `uapid ${randomBytes(8).toString('hex')}` },
  ];
  const pems = await generate(subject, {
    keyType: 'rsa',
    keySize: 2048,
    algorithm: 'sha256',
    notBeforeDate,
    // RFC 5280, section 4.1.2.5: the last second counts.
    notAfterDate: new Date(notBeforeDate.getTime() + days * dayMs - 1000),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: hosts.map((host) =>
          isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host },
        ),
      },
    ],
  });
  return { cert: ended(pems.cert), key: ended(pems.private) };
}

/** What a person compares when asked whether to trust a certificate, and until when it is valid. */
export function certificateFacts({ cert }: KeyPair): { fingerprint: string; validTo: string } {
  const { fingerprint256, validTo } = new X509Certificate(cert);
  return { fingerprint: fingerprint256, validTo };
}

/** Clients look at the alternative names alone (RFC 9525); this one is for people. */
function commonName(hosts: readonly string[]): string {
  return hosts.find((host) => host.length <= maxCommonName) ?? 'uapid';
}

function ended(pem: string): string {
  return `${pem.trimEnd()}\n`;
}
