/** A source of choices that gives the same ones for the same seed. */
export interface Random {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  /** True once in so many times. */
  oneIn(times: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** As many as `most`, often few. */
  some<T>(max: number, make: () => T): T[];
}

/** The generator "mulberry32": small, quick, and more than good enough to choose inputs. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number) => next() % limit;
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick: <T>(from: readonly T[]) => from[below(from.length)] as T,
    some: (max, make) => Array.from({ length: below(below(max) + 1) + 1 }, make),
  };
}

/** One number of a run's seed, a target's name and the number of an input. */
export function seedOf(seed: number, name: string, index: number): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0;
  for (const unit of `${name} ${index}`) {
    hash = Math.imul(hash ^ (unit.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash;
}
