import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

/** The oldest version that is spoken. RFC 8996 bars the ones before. */
export const minVersion = 'TLSv1.2';

/** A certificate, followed by those of its issuers, and its private key: texts in PEM form. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** RFC 7468, section 11, and RFC 1421, section 4.6.1.1. OpenSSL has no error code for it alone. */
const encryptedKey = /^(?:-----BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED)/m;

/** Where an https listener gets its certificate from, whatever renews it there. */
export interface KeyPairSource {
  /**
   * The pair for a connection that begins now: the same object as before unless it was renewed. It
   * has passed checkKeyPair. Never throws, as it is asked in the middle of accepting a connection.
   */
  current(): KeyPair;
}

/** How messages call the two parts of a pair: their paths. */
export interface KeyPairNames {
  readonly cert: string;
  readonly key: string;
}

/** A certificate or key that cannot be used. The message never quotes them. */
export class KeyPairError extends Error {
  override readonly name = 'KeyPairError';
}

/** The certificate of a pair that TLS can be spoken with. Throws KeyPairError with what is wrong. */
export function checkKeyPair({ cert, key }: KeyPair, names: KeyPairNames): X509Certificate {
  const certificate = orFault(
    () => new X509Certificate(cert),
    () => `${names.cert} holds no certificate in PEM form`,
  );
  const privateKey = orFault(
    () => createPrivateKey(key),
    () =>
      encryptedKey.test(key)
        ? `${names.key} is encrypted; uapid takes a key without a passphrase`
        : `${names.key} holds no private key in PEM form`,
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new KeyPairError(
      `${names.key} is not the key of the first certificate in ${names.cert}, the server’s own`,
    );
  }
  orFault(
    () => createSecureContext({ cert, key, minVersion }),
    (code) => `${names.cert} cannot be used for TLS (${code})`,
  );
  return certificate;
}

/** Why clients will refuse the certificate at this time (milliseconds since 1970), or null. */
export function validityProblem(
  { validFrom, validTo }: X509Certificate,
  now: number,
): string | null {
  if (Date.parse(validTo) < now) return `has expired: it was valid until ${validTo}`;
  if (Date.parse(validFrom) > now) return `is not valid before ${validFrom}`;
  return null;
}

/** True when no authority stands behind the certificate, so that clients have to be told of it. */
export function isSelfSigned({ cert }: KeyPair): boolean {
  const certificate = new X509Certificate(cert);
  const { issuer, subject, publicKey } = certificate;
  // Not checkIssued(): it denies a certificate that may sign nothing, itself included.
  return issuer === subject && certificate.verify(publicKey);
}

function orFault<T>(attempt: () => T, fault: (code: string) => string): T {
  try {
    return attempt();
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    throw new KeyPairError(fault(code));
  }
}
