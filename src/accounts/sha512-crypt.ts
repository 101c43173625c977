import { createHash, hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

/*
 * sha512-crypt, `$6$`: Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6, whose steps
 * the numbers below name. docs/decisions/own-parsers.md says why it is no library.
 */

/** The longest password, of libxcrypt (CRYPT_MAX_PASSPHRASE_SIZE): the time grows with its square. */
export const maxPasswordBytes = 511;

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const digestBytes = 64;

/** Rounds between which others have their turn: about a millisecond. */
const sliceRounds = 250;

/**
 * The 86 characters that crypt(3) gives for a password of `maxPasswordBytes` at most, after so many rounds
 * under a salt of 16 bytes at most. A round takes some 4 µs of this thread, in slices.
 */
export async function sha512Crypt(password: string, salt: string, rounds: number): Promise<string> {
  const [key, saltBytes] = [Buffer.from(password), Buffer.from(salt)];
  const keyPart = repeated(sha512(times(key, key.length)), key.length);
  const first = firstDigest(key, saltBytes);
  const saltPart = repeated(sha512(times(saltBytes, 16 + (first[0] ?? 0))), saltBytes.length);
  let digest = first;
  // Step 21
  for (let round = 0; round < rounds; round += 1) {
    if (round % sliceRounds === sliceRounds - 1) await setImmediate();
    const isOdd = round % 2 === 1;
    const parts = [isOdd ? keyPart : digest];
    if (round % 3 !== 0) parts.push(saltPart);
    if (round % 7 !== 0) parts.push(keyPart);
    parts.push(isOdd ? digest : keyPart);
    digest = hash('sha512', Buffer.concat(parts), 'buffer');
  }
  return encoded(digest);
}

/** Steps 1 to 12. */
function firstDigest(key: Buffer, salt: Buffer): Buffer {
  const alternate = sha512([key, salt, key]);
  const bits = [];
  for (let left = key.length; left > 0; left >>>= 1) bits.push(left % 2 === 1 ? alternate : key);
  return sha512([key, salt, repeated(alternate, key.length), ...bits]);
}

function sha512(parts: readonly Buffer[]): Buffer {
  const digest = createHash('sha512');
  for (const part of parts) digest.update(part);
  return digest.digest();
}

function times(part: Buffer, count: number): Buffer[] {
  return Array.from({ length: count }, () => part);
}

/** A digest again and again, to that length. */
function repeated(digest: Buffer, length: number): Buffer {
  return Buffer.alloc(length, digest);
}

/** Step 22: three bytes from three thirds of the digest make four characters, the first byte last. */
function encoded(digest: Buffer): string {
  const third = (digestBytes - 1) / 3;
  let text = '';
  for (let at = 0; at < third; at += 1) {
    const places = [at, at + third, at + 2 * third];
    // Which of the three comes first moves on by one each time.
    const [high = 0, middle = 0, low = 0] = rotated(places, at).map((place) => digest[place]);
    text += characters((high << 16) | (middle << 8) | low, 4);
  }
  return text + characters(digest[digestBytes - 1] ?? 0, 2);
}

function rotated(places: readonly number[], by: number): number[] {
  const from = (by * 2) % 3;
  return [...places.slice(3 - from), ...places.slice(0, 3 - from)];
}

function characters(bits: number, count: number): string {
  let text = '';
  for (let index = 0; index < count; index += 1) text += alphabet[(bits >>> (6 * index)) & 63];
  return text;
}
