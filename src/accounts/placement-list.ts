import { RefusedError } from '../lib/refused-error.ts';
import type { Placement } from './account.ts';
import { readPlacement } from './placements.ts';

/**
 * The places of many accounts in the bytes of a file: {"alice": ["web1:alice", "web7:alice2"], …} in JSON,
 * UTF-8. `where` names the file in errors. Throws RefusedError for anything else, and for an account that
 * stands there twice, of whose places JSON.parse would keep the last ones alone.
 */
export function readPlacementList(
  bytes: Uint8Array,
  where: string,
): Map<string, readonly Placement[]> {
  const text = decode(bytes, where);
  const value = parse(text, where);
  if (!isList(value)) {
    const form = '{"alice": ["web1:alice", "web7:alice2"], …}';
    throw new RefusedError('invalid', `${where} is not of the form ${form}`);
  }
  const twice = firstTwice(keysIn(text));
  if (twice !== null) {
    throw new RefusedError(
      'invalid',
      `in ${where} the account ${JSON.stringify(twice)} stands twice: name all its places together`,
    );
  }
  return new Map(
    Object.entries(value).map(([name, places]) => [
      name,
      places.map((place) => placementOf(place, name, where)),
    ]),
  );
}

function decode(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new RefusedError('invalid', `${where} is not in UTF-8`);
  }
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RefusedError('invalid', `${where} is no JSON`);
  }
}

function isList(value: unknown): value is Readonly<Record<string, readonly string[]>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(
    (places) => Array.isArray(places) && places.every((place) => typeof place === 'string'),
  );
}

/** Every key of a JSON text whose only objects are itself: each text in it that a colon follows. */
function keysIn(text: string): string[] {
  const texts = text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?/g);
  return Array.from(texts).flatMap(([, quoted = '', colon]) =>
    colon === undefined ? [] : [String(JSON.parse(quoted))],
  );
}

function firstTwice(names: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return null;
}

function placementOf(text: string, account: string, where: string): Placement {
  try {
    return readPlacement(text);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const whose = `in ${where}, of the account ${JSON.stringify(account)}`;
    throw new RefusedError(error.reason, `${whose}: ${error.message}`);
  }
}
