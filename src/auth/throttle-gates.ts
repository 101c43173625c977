import { hash } from 'node:crypto';
import type { ThrottleLimits } from './throttle-limits.ts';
import { createThrottleTable } from './throttle-table.ts';

/** What is known of a key: whether it must wait, and what its next failure means. */
export interface Gate {
  /** When the next attempt may begin, were `underWay` attempts to fail; null: now. */
  waitsUntil(key: string, underWay: number): number | null;
  failed(key: string): void;
  readonly size: number;
}

/** A client that is held up only by attempts under way is to ask again after this. */
const undecidedMs = 1000;

/** Waits that double with every failure. Where nobody has failed nothing is computed. */
export function accountGate(
  { free, firstWaitMs, maxWaitMs, forgivenAfterMs }: ThrottleLimits['account'],
  maxRecords: number,
  now: () => number,
): Gate & { forgive(key: string): void } {
  const table = createThrottleTable<{ failures: number; waitsUntil: number }>(maxRecords, now);
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
      const waitsUntil = now() + Math.min(waitMs, maxWaitMs);
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
export function addressGate(
  { failures, periodMs }: ThrottleLimits['address'],
  maxRecords: number,
  now: () => number,
): Gate {
  const stepMs = periodMs / failures;
  const wornOffAt = createThrottleTable<number>(maxRecords, now);
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
export function digest(key: string): string {
  return hash('sha256', key, 'base64');
}
