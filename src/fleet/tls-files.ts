import { readFileSync } from 'node:fs';
import { checkKeyPair } from '../tls/key-pair.ts';

/** Paths or texts in PEM form. */
export interface MemberTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * The texts of a member's files. Throws KeyPairError where the certificate and its key cannot be used
 * together.
 */
export function readMemberTls({ ca, cert, key }: MemberTls): MemberTls {
  const read = { ca: readText(ca), cert: readText(cert), key: readText(key) };
  checkKeyPair(read, { cert, key });
  return read;
}

/** Throws in words for an administrator. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
