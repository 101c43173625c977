import { hash } from 'node:crypto';
import { throttleKey } from './client-address.ts';
import { createThrottleTable } from './throttle-table.ts';

export interface ThrottleLimits {
  /** One account as tried from one address. */
  readonly account: {
    /** Failures without a wait; as many attempts may be under way at once. */
    readonly free: number;
    /** The wait after the last free failure; it doubles with every further one. */
    readonly firstWaitMs: number;
    readonly longestWaitMs: number;
    /** Everything is forgiven when nothing was tried for so long after a wait's end. */
    readonly forgivenAfterMs: number;
  };
  /** Everything that one address tries, whatever the account. */
  readonly address: {
    /** Failures at once, and as many again in every period. */
    readonly failures: number;
    readonly periodMs: number;
  };
  /** The most records of each of the two kinds. */
  readonly most: number;
}

/**
 * From one address an account takes at most 15 guesses in the first 17 minutes and then four an
 * hour, or some eleven an hour for a guesser who lets himself be forgiven. An office behind one
 * address may mistype 50 times at once and five times a minute.
 */
export const usualLimits: ThrottleLimits = {
  account: {
    free: 5,
    firstWaitMs: 1000,
    longestWaitMs: 15 * 60_000,
    forgivenAfterMs: 3_600_000,
  },
  address: { failures: 50, periodMs: 10 * 60_000 },
  most: 100_000,
};

/** A place that one attempt takes until its outcome is told, once; later calls do nothing. */
export interface Attempt {
  failed(): void;
  /** Forgives the account's failures from this address, and nothing of the address itself. */
  succeeded(): void;
  /** There was no outcome: verifying broke down. */
  abandoned(): void;
}

export type Begin =
  | { readonly isAllowed: true; readonly attempt: Attempt }
  | {
      readonly isAllowed: false;
      /** Whole seconds from 1, for Retry-After. */
      readonly retryAfterSeconds: number;
      /** The first refusal of its block: the one to log. */
      readonly isFirst: boolean;
    };

/** Slows guessing down by address and by account and address together. */
export interface Throttle {
  /**
   * To be asked before any credential is looked at, also one that is remembered: else a block would
   * still tell right guesses from wrong ones. A refusal is no attempt and prolongs nothing.
   * `address` is in normal form; `account` is what the client calls itself, null when it does not.
   */
  begin(address: string, account: string | null): Begin;
  /** Whether `begin` would allow an attempt now; asking leaves no trace. */
  allows(address: string, account: string | null): boolean;
  /** Records held now, of both kinds. */
  readonly size: number;
}

/** What is known of a key: whether it must wait, and what its next failure means. */
interface Gate {
  /** When the next attempt may begin, were `underWay` attempts to fail; null: now. */
  waitsUntil(key: string, underWay: number): number | null;
  failed(key: string): void;
  readonly size: number;
}

/**
 * A throttle with nothing held against anybody. An attempt counts as failed while it is under way,
 * so that a thousand at once cannot pass before the first has failed. `now` gives milliseconds from
 * any beginning and never goes back.
 *
 * The tables are bounded. When one is full, the record that would expire first goes. To push out a
 * record that hurts, a guesser needs as many further addresses as would give him far more guesses.
 */
export function createThrottle(
  limits: ThrottleLimits = usualLimits,
  now: () => number = () => performance.now(),
): Throttle {
  const accounts = accountGate(limits, now);
  const addresses = addressGate(limits, now);
  const underWay = new Map<string, number>();
  /** Until when a key's block has been told of. */
  const told = createThrottleTable<true>(limits.most, now);

  function count(key: string, change: 1 | -1): void {
    const rest = (underWay.get(key) ?? 0) + change;
    if (rest > 0) underWay.set(key, rest);
    else underWay.delete(key);
  }

  function attempt(addressKey: string, pair: string | null): Attempt {
    count(addressKey, 1);
    if (pair !== null) count(pair, 1);
    let isOpen = true;
    /** True for the first outcome that is told. */
    const close = () => {
      if (!isOpen) return false;
      isOpen = false;
      count(addressKey, -1);
      if (pair !== null) count(pair, -1);
      return true;
    };
    return {
      failed: () => {
        if (!close()) return;
        addresses.failed(addressKey);
        if (pair !== null) accounts.failed(pair);
      },
      succeeded: () => {
        if (close() && pair !== null) accounts.forgive(pair);
      },
      abandoned: () => {
        close();
      },
    };
  }

  function waits(address: string, account: string | null) {
    const addressKey = throttleKey(address);
    // No address has a blank in it, so no two pairs are the same text.
    const pair = account === null ? null : `${addressKey} ${account}`;
    const addressWait = addresses.waitsUntil(addressKey, underWay.get(addressKey) ?? 0);
    const pairWait = pair === null ? null : accounts.waitsUntil(pair, underWay.get(pair) ?? 0);
    return { addressKey, pair, addressWait, pairWait };
  }

  return {
    begin(address, account) {
      const { addressKey, pair, addressWait, pairWait } = waits(address, account);
      if (addressWait === null && pairWait === null) {
        return { isAllowed: true, attempt: attempt(addressKey, pair) };
      }
      const blocks: [string, number][] = [];
      if (addressWait !== null) blocks.push([digest(addressKey), addressWait]);
      if (pair !== null && pairWait !== null) blocks.push([digest(pair), pairWait]);
      const isFirst = blocks.some(([key]) => told.get(key) === undefined);
      for (const [key, until] of blocks) told.set(key, true, until);
      const until = Math.max(...blocks.map(([, wait]) => wait));
      const retryAfterSeconds = Math.max(1, Math.ceil((until - now()) / 1000));
      return { isAllowed: false, retryAfterSeconds, isFirst };
    },

    allows(address, account) {
      const { addressWait, pairWait } = waits(address, account);
      return addressWait === null && pairWait === null;
    },

    get size() {
      return accounts.size + addresses.size;
    },
  };
}

/** Whoever is held up only by attempts under way is to ask again after this. */
const undecidedMs = 1000;

/** Waits that double with every failure. Where nobody has failed nothing is computed. */
function accountGate(
  { account, most }: ThrottleLimits,
  now: () => number,
): Gate & { forgive(key: string): void } {
  const { free, firstWaitMs, longestWaitMs, forgivenAfterMs } = account;
  const table = createThrottleTable<{ failures: number; waitsUntil: number }>(most, now);
  const recordOf = (pair: string) => (table.size === 0 ? undefined : table.get(digest(pair)));
  return {
    waitsUntil(pair, underWay) {
      const { failures = 0, waitsUntil = 0 } = recordOf(pair) ?? {};
      if (waitsUntil > 0 && waitsUntil > now()) return waitsUntil;
      // After the free ones they go one by one.
      return underWay < Math.max(1, free - failures) ? null : now() + undecidedMs;
    },
    failed(pair) {
      const failures = (recordOf(pair)?.failures ?? 0) + 1;
      const waitMs = failures < free ? 0 : firstWaitMs * 2 ** (failures - free);
      const waitsUntil = now() + Math.min(waitMs, longestWaitMs);
      table.set(digest(pair), { failures, waitsUntil }, waitsUntil + forgivenAfterMs);
    },
    forgive: (pair) => {
      if (table.size > 0) table.delete(digest(pair));
    },
    get size() {
      return table.size;
    },
  };
}

/**
 * The generic cell rate algorithm (ITU-T I.371, Annex A): one number a key, the time at which its
 * failures will be worn off, which each failure puts off by the same step.
 */
function addressGate({ address, most }: ThrottleLimits, now: () => number): Gate {
  const { failures, periodMs } = address;
  const stepMs = periodMs / failures;
  const wornOffAt = createThrottleTable<number>(most, now);
  return {
    waitsUntil(key, underWay) {
      if (wornOffAt.size === 0 && underWay === 0) return null;
      const at = Math.max(wornOffAt.get(key) ?? 0, now());
      const freeAgainAt = at + stepMs - periodMs;
      if (freeAgainAt > now()) return freeAgainAt;
      return freeAgainAt + underWay * stepMs > now() ? now() + undecidedMs : null;
    },
    failed(key) {
      const at = Math.max(wornOffAt.get(key) ?? 0, now()) + stepMs;
      wornOffAt.set(key, at, at);
    },
    get size() {
      return wornOffAt.size;
    },
  };
}

/** What is kept of a key: of one length whatever a client calls itself, no name, no mistyped password. */
function digest(key: string): string {
  return hash('sha256', key, 'base64');
}
