import { type CustomerPrefix, customerKeys, throttleKey } from '../lib/client-address.ts';
import { accountGate, addressGate, digest, type Gate } from './throttle-gates.ts';
import { defaultLimits, type ThrottleLimits } from './throttle-limits.ts';
import { createThrottleTable } from './throttle-table.ts';

/** A place that one attempt takes until its outcome is told, once; later calls do nothing. */
export interface Attempt {
  failed(): void;
  /** Forgives the account's failures from this address, and nothing of the address itself. */
  succeeded(): void;
  /** There was no outcome: verifying broke down. */
  abandoned(): void;
}

export interface Allowed {
  readonly isAllowed: true;
  readonly attempt: Attempt;
  /** Whether the account has been let in from this address (of IPv6: its /64) before. */
  readonly isKnown: boolean;
}

export interface Refused {
  readonly isAllowed: false;
  /** Whole seconds from 1, for Retry-After. */
  readonly retryAfterSeconds: number;
  /** The first refusal of its block: the one to log. */
  readonly isFirst: boolean;
}

export type Begin = Allowed | Refused;

/** Slows guessing down by address and by account and address together. */
export interface Throttle {
  /**
   * To be asked before any credential is looked at, also one that is cached: else a block would
   * still tell right guesses from wrong ones. A refusal is no attempt and prolongs nothing.
   * `address` is in normal form; `account` is what the client calls itself, null when it does not.
   */
  begin(address: string, account: string | null): Begin;
  /** Whether `begin` would allow an attempt now; asking leaves no trace. */
  allows(address: string, account: string | null): boolean;
  /** An attempt that was allowed at this very moment has succeeded. */
  passed(address: string, account: string): void;
  /** Records of failures held now, of all kinds. */
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
  limits: ThrottleLimits = defaultLimits,
  now: () => number = () => performance.now(),
): Throttle {
  const accounts = accountGate(limits.account, limits.maxRecords, now);
  const addresses = addressGate(limits.address, limits.maxRecords, now);
  const customerGate = (bits: CustomerPrefix) => {
    const { address, customerFailures, maxRecords } = limits;
    return addressGate(
      { ...address, failures: customerFailures[bits] },
      Math.ceil(maxRecords / 2),
      now,
    );
  };
  const customers = { 56: customerGate(56), 48: customerGate(48) };
  const known = createThrottleTable<{ readonly since: number }>(limits.maxRecords, now);
  const underWay = new Map<string, number>();
  /** When those were recorded that have passed of late, by address and account. */
  const passedAt = new Map<string, number>();
  /** Until when a key's block has been told of. */
  const reported = createThrottleTable<true>(limits.maxRecords, now);

  function count(key: string, change: 1 | -1): void {
    const rest = (underWay.get(key) ?? 0) + change;
    if (rest > 0) underWay.set(key, rest);
    else underWay.delete(key);
  }

  function isKnown(pair: string | null): boolean {
    return pair !== null && known.size > 0 && known.get(digest(pair)) !== undefined;
  }

  /** Once a day is enough: a client that polls costs one more digest for that. */
  function recordKnown(pair: string): void {
    const key = digest(pair);
    const at = now();
    const recorded = known.get(key);
    if (recorded !== undefined && at - recorded.since < renewKnownMs) return;
    known.set(key, { since: at }, at + limits.knownForMs);
  }

  /** What an attempt is counted by. */
  function countersOf(address: string, account: string | null): Counters {
    const addressKey = throttleKey(address);
    const gates: Counter[] = [{ gate: addresses, key: addressKey }];
    // No address has a blank in it, so no two pairs are the same text.
    const pair = account === null ? null : `${addressKey} ${account}`;
    if (pair !== null) gates.push({ gate: accounts, key: pair });
    const keys = customerKeys(address);
    const wide: Counter[] = keys
      ? [
          { gate: customers[56], key: keys[56] },
          { gate: customers[48], key: keys[48] },
        ]
      : [];
    return { pair, gates, wide };
  }

  function attempt({ pair, gates, wide }: Counters): Attempt {
    const all = [...gates, ...wide];
    for (const { key } of all) count(key, 1);
    let isOpen = true;
    /** True for the first outcome that is told. */
    const close = () => {
      if (!isOpen) return false;
      isOpen = false;
      for (const { key } of all) count(key, -1);
      return true;
    };
    return {
      failed: () => {
        if (!close()) return;
        for (const { gate, key } of all) gate.failed(key);
      },
      succeeded: () => {
        if (!close() || pair === null) return;
        accounts.forgive(pair);
        recordKnown(pair);
      },
      abandoned: () => {
        close();
      },
    };
  }

  /** The counters that hold an attempt up, and until when. */
  function blocksOf({ pair, gates, wide }: Counters): [key: string, until: number][] {
    const blocks: [string, number][] = [];
    const add = ({ gate, key }: Counter) => {
      const until = gate.waitsUntil(key, underWay.get(key) ?? 0);
      if (until !== null) blocks.push([digest(key), until]);
    };
    gates.forEach(add);
    if (wide.length > 0 && !isKnown(pair)) wide.forEach(add);
    return blocks;
  }

  return {
    begin(address, account) {
      const counters = countersOf(address, account);
      const blocks = blocksOf(counters);
      if (blocks.length === 0) {
        return {
          isAllowed: true,
          isKnown: isKnown(counters.pair),
          attempt: attempt(counters),
        };
      }
      const isFirst = blocks.some(([key]) => reported.get(key) === undefined);
      for (const [key, until] of blocks) reported.set(key, true, until);
      const until = Math.max(...blocks.map(([, wait]) => wait));
      const retryAfterSeconds = Math.max(1, Math.ceil((until - now()) / 1000));
      return { isAllowed: false, retryAfterSeconds, isFirst };
    },

    allows(address, account) {
      // Asked of every request, and nearly always nobody has failed.
      if (underWay.size === 0 && failures() === 0) return true;
      return blocksOf(countersOf(address, account)).length === 0;
    },

    passed(address, account) {
      const at = now();
      const client = `${address} ${account}`;
      const recordedAt = passedAt.get(client);
      const isRecorded = recordedAt !== undefined && at - recordedAt < renewKnownMs;
      // A client that polls is recorded already: for each request neither its address is parsed nor a digest made.
      if (isRecorded && accounts.size === 0) return;
      const pair = `${throttleKey(address)} ${account}`;
      accounts.forgive(pair);
      if (isRecorded) return;
      recordKnown(pair);
      if (passedAt.size >= maxPassed) passedAt.clear();
      passedAt.set(client, at);
    },

    get size() {
      return failures();
    },
  };

  function failures(): number {
    return accounts.size + addresses.size + customers[56].size + customers[48].size;
  }
}

const renewKnownMs = 86_400_000;
/** Fewer than there are records of those that are known, so that none outlives its record. */
const maxPassed = 1024;

interface Counter {
  readonly gate: Gate;
  readonly key: string;
}

interface Counters {
  /** The account at its address; null when the client names none. */
  readonly pair: string | null;
  readonly gates: readonly Counter[];
  /** Of the customer's wider prefixes. */
  readonly wide: readonly Counter[];
}
