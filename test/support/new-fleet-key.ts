import { randomBytes } from 'node:crypto';
import {
  type ConnectionKey,
  connectionKey,
  createConnectionSeed,
} from '../../src/fleet/signature/keys.ts';

/** A new key of somebody for the messaging server. */
export function newKey(): ConnectionKey {
  const key = connectionKey(createConnectionSeed());
  if (key === null) throw new Error('a seed that was just made is none');
  return key;
}

/** 128 random bits, as an instance or a number of a request has. */
export function newId(): string {
  return randomBytes(16).toString('base64url');
}
