import { type Spread, spreadOf } from './statistics.ts';

/** One line of the table. */
export interface Result {
  readonly measure: string;
  readonly ours: Figure;
  /** What it is compared with, measured in the same run; null for a target that stands alone. */
  readonly peer: (Figure & { readonly name: string }) | null;
  /** The number that the target is about: a ratio, or our figure itself. */
  readonly value: number;
  readonly target: Target;
  /** What else the reader should know. */
  readonly note?: string;
}

export interface Figure extends Spread {
  readonly unit: string;
}

export interface Target {
  readonly bound: 'at most' | 'at least';
  readonly limit: number;
}

export const atMost = (limit: number): Target => ({ bound: 'at most', limit });
export const atLeast = (limit: number): Target => ({ bound: 'at least', limit });

/** Repeated values with their unit. */
export function figure(values: readonly number[], unit: string): Figure {
  return { ...spreadOf(values), unit };
}

/** True when the value keeps the target. */
export function isMet({ value, target: { bound, limit } }: Pick<Result, 'value' | 'target'>) {
  return bound === 'at most' ? value <= limit : value >= limit;
}
