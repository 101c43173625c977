import { createHmac, randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { LoginRecord } from './kept-login.ts';

/** So long a key makes cookies; then another is made. */
const renewedAfterMs = 24 * 3_600_000;

const loginKey = z.strictObject({
  id: z.string().regex(/^[\w-]{8}$/),
  secret: z.string().regex(/^[\w-]{43}$/),
  /** In ms since 1970. */
  madeAt: z.int().min(0),
});
export type LoginKey = z.infer<typeof loginKey>;

/** What login-key.json holds; the newest first. */
export const loginKeysFile = z.strictObject({
  version: z.literal(1, 'is not a version that this uapid knows'),
  keys: z.array(loginKey).max(100),
});

/**
 * The keys of that moment: those that a login can still rest on, which lasts `lastsMs` at most, and a new
 * one where the newest has been in use for a day. The same array where nothing has changed.
 */
export function renewedKeys(
  keys: readonly LoginKey[],
  at: number,
  lastsMs: number,
): readonly LoginKey[] {
  const valid = keys.filter((key) => isValidKey(key, at, lastsMs));
  const [newest] = valid;
  const isFresh = newest !== undefined && at - newest.madeAt < renewedAfterMs;
  if (isFresh) return valid.length === keys.length ? keys : valid;
  return [newLoginKey(at), ...valid];
}

/**
 * Whether a login can still rest on a key: one lasts `lastsMs` at most, and is no longer made after a day.
 * A clock that was put back gives no longer life.
 */
export function isValidKey({ madeAt }: LoginKey, at: number, lastsMs: number): boolean {
  return madeAt <= at && at - madeAt < renewedAfterMs + lastsMs;
}

function newLoginKey(at: number): LoginKey {
  const text = (bytes: number) => randomBytes(bytes).toString('base64url');
  return { id: text(6), secret: text(32), madeAt: at };
}

/** What a cookie stands for: the record, its name and when it was opened (ms since 1970). */
export interface Signed extends LoginRecord {
  readonly id: string;
  readonly openedAt: number;
}

/** The cookie of a login: its name, and a code that only the key's holder can make of all of it (RFC 2104). */
export function signedCookie({ secret }: LoginKey, login: Signed): string {
  const { id, account, holder, securityToken, openedAt } = login;
  const text = JSON.stringify([id, account, holder, securityToken, openedAt]);
  const key = Buffer.from(secret, 'base64url');
  return id + createHmac('sha256', key).update(text).digest('base64url');
}
