/** What repeated measuring gave: the middle, and how far apart nine of ten values lie. */
export interface Spread {
  readonly median: number;
  /** The 5th percentile. */
  readonly low: number;
  /** The 95th percentile. */
  readonly high: number;
  readonly count: number;
}

/** The median and spread of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  return {
    median: quantile(values, 0.5),
    low: quantile(values, 0.05),
    high: quantile(values, 0.95),
    count: values.length,
  };
}

/** A quantile from 0 to 1, interpolated between the two nearest values; throws without a value. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) {
    throw new Error('There is no quantile of nothing');
  }
  return below + (above - below) * (place - Math.floor(place));
}

/**
 * The spread of the quotients of values that were measured one right after the other. A machine
 * that is busy for a while slows both, so the quotients vary less than the values.
 */
export function ratioOf(ours: readonly number[], peers: readonly number[]): Spread {
  return spreadOf(ours.map((value, index) => value / (peers[index] ?? Number.NaN)));
}
