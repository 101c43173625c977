import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPair, KeyPairNames } from '../../src/tls/key-pair.ts';
import { createSelfSigned } from '../../src/tls/self-signed.ts';

/** A pair for the loopback addresses. */
export function localPair(days?: number): Promise<KeyPair> {
  return createSelfSigned(['localhost', '127.0.0.1', '::1'], days);
}

/** A certificate whose last second is over, as its beginning is an hour ago. */
export function expiredPair(): Promise<KeyPair> {
  return localPair(1 / 24);
}

/** Puts a pair into a directory, as it stands in files that are there before anybody looks. */
export function putPair(directory: string, { cert, key }: KeyPair): KeyPairNames {
  const paths = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  replaceFile(paths.cert, cert);
  replaceFile(paths.key, key);
  return paths;
}

/** Replaces a file as whoever renews certificates does: another file takes its name. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}
