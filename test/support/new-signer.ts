import assert from 'node:assert/strict';
import {
  createSigningKey,
  publicHalf,
  readPublicHalf,
  readSigningKey,
} from '../../src/fleet/signature/keys.ts';

/** A new signing key of a gateway, with the half by which hosts know it. */
export function newSigner() {
  const key = readSigningKey(createSigningKey());
  assert.ok(key !== null);
  const publicKey = readPublicHalf(publicHalf(key));
  assert.ok(publicKey !== null);
  return { key, publicKey };
}
