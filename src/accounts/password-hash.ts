import { randomBytes, timingSafeEqual } from 'node:crypto';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { verify as verifyBcrypt } from '@node-rs/bcrypt';
import * as z from 'zod';
import { RefusedError } from '../lib/refused-error.ts';
import { preparePassword } from './password.ts';
import { maxPasswordBytes, sha512Crypt } from './sha512-crypt.ts';

/** OWASP Password Storage Cheat Sheet: the choice with little memory, as several may run at once. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 };

/** What a hash that somebody else has made may cost: each login of a stranger pays it. */
const limits = {
  /** argon2id: KiB, and KiB that are written in all its passes. */
  memory: 128 * 1024,
  work: 512 * 1024,
  bcryptCost: [4, 13],
  sha512Rounds: [1_000, 100_000],
} as const;

/** What of a password bcrypt reads; what is behind makes no difference to it. */
const maxBcryptBytes = 72;

const longestHash = 512;

/*
 * The last characters have bits that mean nothing. In hashes that bcrypt itself made they are 0; in any
 * other the library would match nothing.
 */
const bcrypt = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/;

/** Without `rounds` there are 5,000. The salt has 16 characters at most, crypt(5). */
const sha512 = /^\$6\$(?:rounds=([1-9]\d{0,8})\$)?([!-#%-9;-~]{1,16})\$([./A-Za-z0-9]{86})$/;
const defaultRounds = 5_000;

/** A hash of a kind, and of a cost, that this server takes. */
export const passwordHash = z
  .string()
  .refine((text) => faultOfHash(text) === null, 'is no password hash that this uapid takes');

/** A hash of no known password that costs as much to verify as a new account's. */
export const dummyHash = [
  '$argon2id$v=19',
  `m=${parameters.memoryCost},t=${parameters.timeCost},p=${parameters.parallelism}`,
  unpadded(randomBytes(16)),
  unpadded(randomBytes(parameters.outputLen)),
].join('$');

/** The argon2id hash of a password as it is prepared, in PHC string form. */
export function hashPassword(password: string): Promise<string> {
  return hash(preparePassword(password), parameters);
}

/**
 * Whether the password is the hash's: argon2id, bcrypt or sha512-crypt. It takes a thread of libuv's pool
 * and, for a new account's hash, 19 MiB: of strangers let only so many at a time do that
 * (verification-queue.ts). For sha512-crypt it takes the event loop, a millisecond at a time. A hash that
 * was made before passwords were prepared, or elsewhere, is of the password as it was typed: where that
 * is another text, both are tried.
 */
export async function verifyPassword(stored: string, password: string): Promise<boolean> {
  const prepared = preparePassword(password);
  if (await isHashOf(stored, prepared)) return true;
  return prepared !== password && isHashOf(stored, password);
}

async function isHashOf(stored: string, password: string): Promise<boolean> {
  if (stored.startsWith('$argon2')) return verify(stored, password);
  // In C a password ends there. bcrypt, which repeats it with its end, would take "a\0a" for "a".
  if (password.includes('\0')) return false;
  const bytes = Buffer.byteLength(password);
  const [, rounds = defaultRounds, salt, digest] = sha512.exec(stored) ?? [];
  if (salt === undefined || digest === undefined) {
    // Else whatever begins with the first 72 bytes would be right.
    return bytes <= maxBcryptBytes && verifyBcrypt(password, stored);
  }
  if (bytes > maxPasswordBytes) return false;
  const made = await sha512Crypt(password, salt, Number(rounds));
  return timingSafeEqual(Buffer.from(made), Buffer.from(digest));
}

/** Throws RefusedError unless that hash, made by somebody else, may become an account's. */
export function requireHash(text: string): void {
  const fault = faultOfHash(text);
  if (fault !== null) throw new RefusedError('invalid', fault);
}

/** What is wrong with a hash, without a part of it; null when it is one that is taken. */
function faultOfHash(text: string): string | null {
  if (text.length > longestHash) return `the hash is longer than ${longestHash} characters`;
  if (text.startsWith('$argon2id$v=19$')) return faultOfArgon2(text);
  const cost = bcrypt.exec(text)?.[1];
  if (cost !== undefined) return outside('a cost', Number(cost), limits.bcryptCost);
  const [found, rounds = defaultRounds] = sha512.exec(text) ?? [];
  if (found !== undefined) return outside('rounds', Number(rounds), limits.sha512Rounds);
  return 'the hash is none that is taken: whole ones of argon2id, bcrypt ($2b$) or sha512-crypt ($6$)';
}

function faultOfArgon2(text: string): string | null {
  try {
    const { memoryCost, timeCost } = parseOptions(text);
    if (memoryCost > limits.memory) return 'the hash takes more than 128 MiB of memory (m)';
    return memoryCost * timeCost > limits.work
      ? 'the hash takes more than 512 MiB in all its passes (m times t)'
      : null;
  } catch {
    return 'the hash is no whole one of argon2id';
  }
}

function outside(what: string, value: number, [from, to]: readonly [number, number]) {
  const isTaken = value >= from && value <= to;
  return isTaken ? null : `the hash has ${what} of ${value}; ${from} to ${to} are taken`;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
