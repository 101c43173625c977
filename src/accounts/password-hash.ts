import { randomBytes } from 'node:crypto';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import * as z from 'zod';

/** OWASP Password Storage Cheat Sheet: the choice with little memory, as several may run at once. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 };

/** An argon2 hash in PHC string form, with any parameters. */
export const passwordHash = z.string().refine(isArgon2Hash, 'is no argon2 hash in PHC string form');

/** A hash of no known password that costs as much to verify as a new account's. */
export const dummyHash = [
  '$argon2id$v=19',
  `m=${parameters.memoryCost},t=${parameters.timeCost},p=${parameters.parallelism}`,
  unpadded(randomBytes(16)),
  unpadded(randomBytes(parameters.outputLen)),
].join('$');

/** The argon2id hash of a password, in PHC string form. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, parameters);
}

/**
 * Whether the password is the hash's, whatever parameters that has. It takes a thread and, for a new
 * account's hash, 19 MiB: of strangers let only so many at a time do that (verification-queue.ts).
 */
export function verifyPassword(phc: string, password: string): Promise<boolean> {
  return verify(phc, password);
}

function isArgon2Hash(text: string): boolean {
  try {
    parseOptions(text);
    return true;
  } catch {
    return false;
  }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
