import type { CustomerPrefix } from '../lib/client-address.ts';

export interface ThrottleLimits {
  /** One account as tried from one address. */
  readonly account: {
    /** Failures without a wait; as many attempts may be under way at once. */
    readonly free: number;
    /** The wait after the last free failure; it doubles with every further one. */
    readonly firstWaitMs: number;
    readonly maxWaitMs: number;
    /** Everything is forgiven when nothing was tried for so long after a wait's end. */
    readonly forgivenAfterMs: number;
  };
  /** Everything that one address tries, whatever the account. */
  readonly address: {
    /** Failures at once, and as many again in every period. */
    readonly failures: number;
    readonly periodMs: number;
  };
  /**
   * Failures at once in the /56 and the /48 of an IPv6 address, and as many again in every period of
   * `address`. An account that has been let in from its /64 before is not held up by them.
   */
  readonly customerFailures: Readonly<Record<CustomerPrefix, number>>;
  /** How long it is known that an account has been let in from an address. */
  readonly knownForMs: number;
  /** The most records of accounts and of addresses; half as many of each wider prefix. */
  readonly maxRecords: number;
}

/**
 * From one address an account takes at most 15 guesses in the first 17 minutes and then four an
 * hour, or some eleven an hour for a guesser who lets himself be forgiven. An office behind one
 * address may mistype 50 times at once and five times a minute. A site with a /56 may do so twice as
 * often, one with a /48 four times, whatever number of its addresses it uses.
 */
export const defaultLimits: ThrottleLimits = {
  account: {
    free: 5,
    firstWaitMs: 1000,
    maxWaitMs: 15 * 60_000,
    forgivenAfterMs: 3_600_000,
  },
  address: { failures: 50, periodMs: 10 * 60_000 },
  customerFailures: { 56: 100, 48: 200 },
  knownForMs: 30 * 86_400_000,
  maxRecords: 100_000,
};
