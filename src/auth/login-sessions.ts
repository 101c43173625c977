import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { KeptLogin, LoginLimits, LoginRecord } from '../accounts/kept-login.ts';

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

/** What makes logins outlive this process, and gives those of before. */
export interface LoginKeeper {
  readonly kept: readonly KeptLogin[];
  /** The cookie of a new login, of which the first characters are its id; null where it cannot be kept. */
  open(login: LoginRecord): Promise<string | null>;
  /** Resolves once the login can no longer come back. */
  end(id: string): Promise<void>;
  used(id: string): void;
}

/** Logins by cookie, in memory. Without a keeper a restart ends them. */
export interface LoginSessions {
  /**
   * Opens a login of that account, by which the account may lose its own that was used longest ago.
   * `holder` is who logged in, in the caller's words.
   */
  open(account: string, holder: string): Promise<LoginKeys>;
  /**
   * Offers a login of that account to whoever brings the key within a minute. Of many the account
   * loses its own that were offered first.
   */
  offer(account: string, holder: string): LoginOffer;
  /** Opens the login that was offered, once; null when none was, or not any more. */
  accept(offer: Pick<LoginOffer, 'key' | 'securityToken'>): Promise<OpenedLogin | null>;
  /** The holder of a login, or null. A login that is found has been used. */
  find(keys: LoginKeys): string | null;
  /** Ends a login, and resolves once a restart cannot bring it back; does nothing where there is none. */
  close(keys: LoginKeys): Promise<void>;
}

/** A login that was offered. */
export interface OpenedLogin extends LoginKeys {
  readonly holder: string;
}

interface Login {
  /** The keeper's name of it; null when a restart ends it. */
  readonly id: string | null;
  readonly account: string;
  readonly holder: string;
  readonly securityToken: string;
  readonly openedAt: number;
  usedAt: number;
  /** When the keeper was last told that it is used. */
  toldAt: number;
  /** Security tokens that came with this cookie and were not its own. */
  wrongTokens: number;
}

/** An offer is followed by a redirect, at once. */
const offerMs = 60_000;
const maxOffersPerAccount = 20;
const maxOffers = 10_000;

/** A stolen cookie must not be tried with all of the ten thousand million tokens. */
const maxWrongTokens = 20;

/** So often the keeper is told that a login is used; by so much it ends too soon after a restart. */
const toldEveryMs = 60_000;
const idLength = 22;

/** Its logins end with this process. */
const keepsNothing: LoginKeeper = {
  kept: [],
  open: async () => null,
  end: async () => {},
  used: () => {},
};

/** `now` gives the time in milliseconds from any beginning; it must never go back. */
export function createLoginSessions(
  limits: LoginLimits,
  now: () => number = () => performance.now(),
  keeper: LoginKeeper = keepsNothing,
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

  async function remove(key: string): Promise<void> {
    const login = logins.get(key);
    if (login === undefined) return;
    logins.delete(key);
    const own = byAccount.get(login.account);
    own?.delete(key);
    if (own?.size === 0) byAccount.delete(login.account);
    if (login.id !== null) await keeper.end(login.id);
  }

  /** One that nobody waits for: where the keeper cannot be told, this process ends too. */
  function drop(key: string): void {
    remove(key).catch(() => {});
  }

  function restore({ cookieHash, openedAgoMs, usedAgoMs, ...login }: KeptLogin): void {
    const usedAt = now() - usedAgoMs;
    const openedAt = now() - openedAgoMs;
    add(cookieHash, { ...login, openedAt, usedAt, toldAt: usedAt, wrongTokens: 0 });
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
      drop(key);
    }
  }

  /** Makes room for one more of that account. */
  function makeRoom(account: string): void {
    dropIdle();
    const key = superfluousOf(account);
    if (key !== undefined) drop(key);
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

  async function open(record: LoginRecord): Promise<LoginKeys> {
    const kept = await keeper.open(record);
    const cookie = kept ?? randomBytes(32).toString('base64url');
    makeRoom(record.account);
    const at = now();
    const id = kept?.slice(0, idLength) ?? null;
    add(hash(cookie), { id, ...record, openedAt: at, usedAt: at, toldAt: at, wrongTokens: 0 });
    return { cookie, securityToken: record.securityToken };
  }

  /** A login that is used counts as used now, and is the last in the order of use. */
  function use(key: string, login: Login): void {
    const at = now();
    login.usedAt = at;
    moveToEnd(key, login);
    if (login.id === null || at - login.toldAt < toldEveryMs) return;
    login.toldAt = at;
    keeper.used(login.id);
  }

  const byUse = keeper.kept.toSorted((a, b) => b.usedAgoMs - a.usedAgoMs);
  for (const login of byUse) restore(login);

  function find({ cookie, securityToken }: LoginKeys): Login | null {
    const key = hash(cookie);
    const login = logins.get(key);
    if (login === undefined) return null;
    const at = now();
    const isOver = at - login.usedAt >= limits.idleMs || at - login.openedAt >= limits.absoluteMs;
    const isOwn = isSame(login.securityToken, securityToken);
    if (!isOwn) login.wrongTokens += 1;
    if (isOver || login.wrongTokens >= maxWrongTokens) drop(key);
    return !isOver && isOwn ? login : null;
  }

  return {
    open: (account, holder) => open({ account, holder, securityToken: newSecurityToken() }),
    offer: offers.make,
    accept: async (keys) => {
      const offered = offers.take(keys);
      if (offered === null) return null;
      const { account, holder, securityToken } = offered;
      return { ...(await open({ account, holder, securityToken })), holder };
    },
    find: (keys) => {
      const login = find(keys);
      if (login === null) return null;
      use(hash(keys.cookie), login);
      return login.holder;
    },
    close: async (keys) => {
      if (find(keys) !== null) await remove(hash(keys.cookie));
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
