import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

/** What a login hands out; either half alone is worth nothing. */
export interface LoginKeys {
  /** The value of the cookie. */
  readonly cookie: string;
  /** The beginning of every path: "/cpsess##########". */
  readonly securityToken: string;
}

/** Logins by cookie, kept in memory: a restart ends them. */
export interface LoginSessions {
  /** `holder` is who logged in, in the caller's words. */
  open(holder: string): LoginKeys;
  /** The holder of a login, or null. A login that is found has been used. */
  find(keys: LoginKeys): string | null;
  /** Ends a login; does nothing where there is none. */
  close(keys: LoginKeys): void;
}

interface Login {
  readonly holder: string;
  readonly securityToken: string;
  readonly openedAt: number;
  usedAt: number;
  /** Security tokens that came with this cookie and were not its own. */
  wrongTokens: number;
}

export interface LoginLimits {
  readonly idleMs: number;
  readonly absoluteMs: number;
  /** The login that was used longest ago makes room for one more. */
  readonly most: number;
}

/** A stolen cookie must not be tried with all of the ten thousand million tokens. */
const mostWrongTokens = 20;

const usualLimits: LoginLimits = {
  idleMs: 30 * 60_000,
  absoluteMs: 12 * 3_600_000,
  most: 10_000,
};

/** `now` gives the time in milliseconds from any beginning; it must never go back. */
export function createLoginSessions(
  limits: LoginLimits = usualLimits,
  now: () => number = () => performance.now(),
): LoginSessions {
  // By the hash of the cookie, in the order of use.
  const logins = new Map<string, Login>();

  function find({ cookie, securityToken }: LoginKeys): Login | null {
    const key = hash(cookie);
    const login = logins.get(key);
    if (login === undefined) return null;
    const at = now();
    const isOver = at - login.usedAt >= limits.idleMs || at - login.openedAt >= limits.absoluteMs;
    const isOwn = isSame(login.securityToken, securityToken);
    if (!isOwn) login.wrongTokens += 1;
    if (isOver || login.wrongTokens >= mostWrongTokens) logins.delete(key);
    return !isOver && isOwn ? login : null;
  }

  return {
    open: (holder) => {
      const cookie = randomBytes(32).toString('base64url');
      const securityToken = `/cpsess${String(randomInt(10 ** 10)).padStart(10, '0')}`;
      const at = now();
      const oldest = logins.keys().next();
      if (logins.size >= limits.most && !oldest.done) logins.delete(oldest.value);
      logins.set(hash(cookie), { holder, securityToken, openedAt: at, usedAt: at, wrongTokens: 0 });
      return { cookie, securityToken };
    },
    find: (keys) => {
      const login = find(keys);
      if (login === null) return null;
      const key = hash(keys.cookie);
      login.usedAt = now();
      logins.delete(key);
      logins.set(key, login);
      return login.holder;
    },
    close: (keys) => {
      if (find(keys) !== null) logins.delete(hash(keys.cookie));
    },
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
