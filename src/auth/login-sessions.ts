import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

/** What a login hands out; either half alone is worth nothing. */
export interface LoginKeys {
  /** The value of the cookie. */
  readonly cookie: string;
  /** The beginning of every path: "/cpsess##########". */
  readonly securityToken: string;
}

/** What a browser is sent to a login with, once, and until when (ms since 1970). */
export interface LoginOffer {
  readonly key: string;
  /** That of the login that comes of it. */
  readonly securityToken: string;
  readonly expiresAt: number;
}

/** Logins by cookie, kept in memory: a restart ends them. */
export interface LoginSessions {
  /**
   * Opens a login of that account, by which the account may lose its own that was used longest ago.
   * `holder` is who logged in, in the caller's words.
   */
  open(account: string, holder: string): LoginKeys;
  /**
   * Offers a login of that account to whoever brings the key within a minute. Of many the account
   * loses its own that were offered first.
   */
  offer(account: string, holder: string): LoginOffer;
  /** Opens the login that was offered, once; null when none was, or not any more. */
  accept(offer: Pick<LoginOffer, 'key' | 'securityToken'>): OpenedLogin | null;
  /** The holder of a login, or null. A login that is found has been used. */
  find(keys: LoginKeys): string | null;
  /** Ends a login; does nothing where there is none. */
  close(keys: LoginKeys): void;
}

/** A login that was offered. */
export interface OpenedLogin extends LoginKeys {
  readonly holder: string;
}

interface Login {
  readonly account: string;
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
  /** Logins of all accounts; the account that has most makes room for one more. */
  readonly maxLogins: number;
  /** Logins of one account; the one of them that was used longest ago makes room for one more. */
  readonly maxPerAccount: number;
}

/** An offer is followed by a redirect, at once. */
const offerMs = 60_000;
const maxOffersPerAccount = 20;
const maxOffers = 10_000;

/** A stolen cookie must not be tried with all of the ten thousand million tokens. */
const maxWrongTokens = 20;

const defaultLimits: LoginLimits = {
  idleMs: 30 * 60_000,
  absoluteMs: 12 * 3_600_000,
  maxLogins: 10_000,
  // Twenty people with five browsers, or a script that logs in every 20 s and never out.
  maxPerAccount: 100,
};

/** `now` gives the time in milliseconds from any beginning; it must never go back. */
export function createLoginSessions(
  limits: LoginLimits = defaultLimits,
  now: () => number = () => performance.now(),
): LoginSessions {
  // By the hash of the cookie, in the order of use.
  const logins = new Map<string, Login>();
  /** The keys of an account's logins, in the order of use. */
  const byAccount = new Map<string, Set<string>>();

  function add(key: string, login: Login): void {
    logins.set(key, login);
    const own = byAccount.get(login.account) ?? new Set();
    own.add(key);
    byAccount.set(login.account, own);
  }

  function remove(key: string): void {
    const login = logins.get(key);
    if (login === undefined) return;
    logins.delete(key);
    const own = byAccount.get(login.account);
    own?.delete(key);
    if (own?.size === 0) byAccount.delete(login.account);
  }

  function moveToEnd(key: string, login: Login): void {
    logins.delete(key);
    logins.set(key, login);
    const own = byAccount.get(login.account);
    own?.delete(key);
    own?.add(key);
  }

  function dropIdle(): void {
    const at = now();
    for (const [key, { usedAt }] of logins) {
      if (at - usedAt < limits.idleMs) return;
      remove(key);
    }
  }

  /** Makes room for one more of that account. */
  function makeRoom(account: string): void {
    dropIdle();
    const key = superfluousOf(account);
    if (key !== undefined) remove(key);
  }

  /** The key of the login that has to go for one more of that account. */
  function superfluousOf(account: string): string | undefined {
    const own = byAccount.get(account);
    if (own !== undefined && own.size >= limits.maxPerAccount) return [...own][0];
    if (logins.size < limits.maxLogins) return undefined;
    const largest = Math.max(...[...byAccount.values()].map(({ size }) => size));
    const isOfLargest = ([, login]: [string, Login]) =>
      byAccount.get(login.account)?.size === largest;
    return [...logins].find(isOfLargest)?.[0];
  }

  const offers = createOffers(now);

  function open(account: string, holder: string, securityToken: string): LoginKeys {
    const cookie = randomBytes(32).toString('base64url');
    makeRoom(account);
    const at = now();
    const login = { account, holder, securityToken, openedAt: at, usedAt: at, wrongTokens: 0 };
    add(hash(cookie), login);
    return { cookie, securityToken };
  }

  function find({ cookie, securityToken }: LoginKeys): Login | null {
    const key = hash(cookie);
    const login = logins.get(key);
    if (login === undefined) return null;
    const at = now();
    const isOver = at - login.usedAt >= limits.idleMs || at - login.openedAt >= limits.absoluteMs;
    const isOwn = isSame(login.securityToken, securityToken);
    if (!isOwn) login.wrongTokens += 1;
    if (isOver || login.wrongTokens >= maxWrongTokens) remove(key);
    return !isOver && isOwn ? login : null;
  }

  return {
    open: (account, holder) => open(account, holder, newSecurityToken()),
    offer: offers.make,
    accept: (keys) => {
      const offered = offers.take(keys);
      if (offered === null) return null;
      const { account, holder, securityToken } = offered;
      return { ...open(account, holder, securityToken), holder };
    },
    find: (keys) => {
      const login = find(keys);
      if (login === null) return null;
      login.usedAt = now();
      moveToEnd(hash(keys.cookie), login);
      return login.holder;
    },
    close: (keys) => {
      if (find(keys) !== null) remove(hash(keys.cookie));
    },
  };
}

interface Offered {
  readonly account: string;
  readonly holder: string;
  readonly securityToken: string;
  readonly madeAt: number;
}

/** Offers by the hash of their key, the first that were made first. */
function createOffers(now: () => number) {
  const offers = new Map<string, Offered>();

  function dropSome(account: string): void {
    const isOver = ({ madeAt }: Offered) => now() - madeAt >= offerMs;
    for (const [key, offered] of offers) {
      if (!isOver(offered) && offers.size < maxOffers) break;
      offers.delete(key);
    }
    const own = [...offers].filter(([, offered]) => offered.account === account);
    for (const [key] of own.slice(0, Math.max(0, own.length - maxOffersPerAccount + 1))) {
      offers.delete(key);
    }
  }

  return {
    make: (account: string, holder: string): LoginOffer => {
      dropSome(account);
      const key = randomBytes(32).toString('base64url');
      const securityToken = newSecurityToken();
      offers.set(hash(key), { account, holder, securityToken, madeAt: now() });
      return { key, securityToken, expiresAt: Date.now() + offerMs };
    },
    /** Whatever comes of it, the key has been used. */
    take: ({ key, securityToken }: Pick<LoginOffer, 'key' | 'securityToken'>): Offered | null => {
      const offered = offers.get(hash(key));
      offers.delete(hash(key));
      if (offered === undefined || now() - offered.madeAt >= offerMs) return null;
      return isSame(offered.securityToken, securityToken) ? offered : null;
    },
  };
}

function newSecurityToken(): string {
  return `/cpsess${String(randomInt(10 ** 10)).padStart(10, '0')}`;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
