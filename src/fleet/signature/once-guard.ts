/** Lets each request through at most once that has a time of issue. */
export interface OnceGuard {
  /**
   * Null the first time that a number comes from a gateway while its time is now; else why it does not
   * count. Times are in ms since the epoch. Only what is signed may get here.
   */
  refusal(request: OnceRequest): 'expired' | 'replayed' | 'starting' | null;
}

interface OnceRequest {
  readonly gateway: string;
  readonly nonce: string;
  readonly issuedAt: number;
  readonly validMs: number;
}

/** So far a gateway's clock may be ahead of this one. */
export const aheadMs = 3_000;

/** Of each gateway: less than a megabyte. */
const maxRemembered = 10_000;

interface Remembered {
  /** By number: the time of issue. */
  readonly seen: Map<string, number>;
  /** Nothing that was issued up to then counts: its number may have been forgotten. */
  floor: number;
}

/**
 * What is forgotten never counts again, whatever becomes of the clock: whoever is forgotten first takes all
 * that was issued before it along. So does a start: what an earlier run may have done is not done by
 * the next one, which for that takes nothing in its first three seconds.
 */
export function createOnceGuard(now: () => number = Date.now, max = maxRemembered): OnceGuard {
  const startedAt = now();
  const first = startedAt + aheadMs;
  const byGateway = new Map<string, Remembered>();

  function of(gateway: string): Remembered {
    const known = byGateway.get(gateway) ?? { seen: new Map(), floor: first };
    byGateway.set(gateway, known);
    return known;
  }

  return {
    refusal: ({ gateway, nonce, issuedAt, validMs }) => {
      const known = of(gateway);
      const at = now();
      if (known.seen.has(nonce)) return 'replayed';
      if (issuedAt > at + aheadMs || at > issuedAt + validMs) return 'expired';
      if (issuedAt <= known.floor) {
        const isFirst = issuedAt > startedAt - aheadMs && issuedAt <= first;
        return isFirst ? 'starting' : 'expired';
      }
      known.seen.set(nonce, issuedAt);
      // A map keeps the order in which its entries came.
      for (const [oldest, time] of known.seen) {
        if (known.seen.size <= max) break;
        known.seen.delete(oldest);
        known.floor = Math.max(known.floor, time);
      }
      return null;
    },
  };
}
