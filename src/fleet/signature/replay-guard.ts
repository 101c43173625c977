/** Tells whether a request has come before. */
export interface ReplayGuard {
  /** True the first time that a number comes from a gateway, and for as long as it is remembered. */
  isNew(gateway: string, nonce: string): boolean;
}

/** Of each gateway: a minute of the fastest one that is measured, and less than a megabyte. */
const maxRemembered = 10_000;

/**
 * Remembers the newest numbers of each gateway. Only those of signed requests may get here, so nobody
 * else can make it forget.
 */
export function createReplayGuard(max = maxRemembered): ReplayGuard {
  const byGateway = new Map<string, Set<string>>();
  return {
    isNew: (gateway, nonce) => {
      const seen = byGateway.get(gateway) ?? new Set();
      byGateway.set(gateway, seen);
      if (seen.has(nonce)) return false;
      seen.add(nonce);
      // A set keeps the order in which its entries came.
      for (const oldest of seen) {
        if (seen.size <= max) break;
        seen.delete(oldest);
      }
      return true;
    },
  };
}
