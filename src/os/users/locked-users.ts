import { readFileSync } from 'node:fs';

/**
 * The users of shadow(5) whom no password lets in: what stands for one there begins with "!" or "*". None where it
 * cannot be read. Of a hash nothing but its first character is looked at.
 */
export function readLockedUsers(): ReadonlySet<string> {
  let text: string;
  try {
    text = readFileSync('/etc/shadow', 'utf8');
  } catch {
    return new Set();
  }
  return new Set(Array.from(text.matchAll(/^([^:\n]+):[!*]/gm), ([, name = '']) => name));
}
