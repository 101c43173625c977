import { randomInt } from 'node:crypto';
import { RefusedError } from '../lib/refused-error.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 62^22 is a little more than 2^130. */
const generatedLength = 22;

const minBytes = 8;
const maxBytes = 1024;

/** A random password of letters and digits, which a double click selects as a whole. */
export function generatePassword(): string {
  return Array.from({ length: generatedLength }, () => alphabet[randomInt(alphabet.length)]).join(
    '',
  );
}

/** What is wrong with a new password, or null. Control characters: RFC 7617, section 2, bars them. */
export function checkPassword(password: string): string | null {
  const bytes = Buffer.byteLength(password);
  if (bytes === 0) return 'the password is empty';
  if (bytes < minBytes) return `the password is shorter than ${minBytes} bytes`;
  if (bytes > maxBytes) return `the password is longer than ${maxBytes} bytes`;
  if (/\p{Cc}/u.test(password)) return 'the password has a control character in it';
  return null;
}

/**
 * A password as it is hashed and compared, whichever way a keyboard or a program has put its characters
 * together: the profile OpaqueString of RFC 8265, section 4.2.2, so each kind of space is U+0020, and
 * the rest is in NFC.
 */
export function preparePassword(password: string): string {
  return password.replaceAll(/\p{Zs}/gu, ' ').normalize('NFC');
}

/** Throws RefusedError unless that may become a password. */
export function requirePassword(password: string): void {
  const fault = checkPassword(password);
  if (fault !== null) throw new RefusedError('invalid', fault);
}
