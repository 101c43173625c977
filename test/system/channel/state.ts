import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPair } from '../../../src/tls/key-pair.ts';
import { putPair } from '../../support/key-pairs.ts';

/** Puts a pair where a state directory has it, the key as private as the commands make it. */
export function keepPair(stateDir: string, pair: KeyPair): void {
  const directory = join(stateDir, 'tls');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { key } = putPair(directory, pair);
  chmodSync(key, 0o600);
}
