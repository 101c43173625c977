import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { base32, crc16, fromBase32 } from './base32.ts';

/*
 * A member of a fleet has two kinds of keys, both Ed25519. By the one it proves to the messaging server
 * who it is, in that server's own form ("nkey"): a seed S…, a public half U…. With the other a gateway signs
 * what it asks. They are two, since the first has to be in the process that speaks with the network.
 */

/** A PKCS #8 key of Ed25519 (RFC 8410, section 7) up to its 32 bytes. */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** A public one (RFC 8410, section 4). */
const spki = Buffer.from('302a300506032b6570032100', 'hex');

/** https://github.com/nats-io/nkeys: a user's key, and that a seed follows; five bits each. */
const [userPrefix, seedPrefix] = [20, 18];

function privateKey(seed: Uint8Array): KeyObject {
  const key = Buffer.concat([pkcs8, seed]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

function rawPublic(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(spki.length);
}

function withChecksum(bytes: Uint8Array): string {
  const sum = Buffer.alloc(2);
  sum.writeUInt16LE(crc16(bytes));
  return base32(Buffer.concat([bytes, sum]));
}

/** The bytes before the checksum; null where it is wrong. */
function checked(text: string, length: number): Buffer | null {
  const bytes = fromBase32(text);
  if (bytes?.length !== length + 2) return null;
  const body = bytes.subarray(0, length);
  return crc16(body) === bytes.readUInt16LE(length) ? body : null;
}

/** A new seed, S…, of a key for the messaging server. */
export function createConnectionSeed(): string {
  const prefix = [(seedPrefix << 3) | (userPrefix >> 2), (userPrefix & 3) << 6];
  return withChecksum(Buffer.concat([Buffer.from(prefix), randomBytes(32)]));
}

export interface ConnectionKey {
  /** U…, 56 characters. */
  readonly publicKey: string;
  /** Proves the key: the signature of the messaging server's text. Throws for a text of another kind. */
  prove(nonce: string): string;
}

/** Those that nats-server gives are 15 characters; none is ever like a request of a fleet. */
const nonceForm = /^[\w-]{8,128}$/;

/** Null for what is no seed of a user's key. */
export function connectionKey(seed: string): ConnectionKey | null {
  const bytes = checked(seed, 34);
  const isUsers = bytes?.[0] === ((seedPrefix << 3) | (userPrefix >> 2)) && bytes[1] === 0;
  if (bytes === null || !isUsers) return null;
  const key = privateKey(bytes.subarray(2));
  return {
    publicKey: withChecksum(Buffer.concat([Buffer.from([userPrefix << 3]), rawPublic(key)])),
    prove: (nonce) => {
      if (!nonceForm.test(nonce))
        throw new Error('the messaging server wants a strange text signed');
      return sign(null, Buffer.from(nonce), key).toString('base64url');
    },
  };
}

/** Whether that is the public half of a key for the messaging server: U…. */
export function isConnectionKey(text: string): boolean {
  return checked(text, 33)?.[0] === userPrefix << 3;
}

/** A new key to sign requests with, in PEM form. */
export function createSigningKey(): string {
  return privateKey(randomBytes(32)).export({ format: 'pem', type: 'pkcs8' }) as string;
}

/** The key in a PEM text; null for anything but an Ed25519 key. */
export function readSigningKey(pem: string): KeyObject | null {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
}

/** The public half of a key for signing: 43 characters of base64url. */
export function publicHalf(key: KeyObject): string {
  return rawPublic(key).toString('base64url');
}

/** The key of such a text; null for what is none. */
export function readPublicHalf(text: string): KeyObject | null {
  if (!/^[\w-]{43}$/.test(text)) return null;
  const key = Buffer.concat([spki, Buffer.from(text, 'base64url')]);
  return createPublicKey({ key, format: 'der', type: 'spki' });
}
