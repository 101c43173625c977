import type { RE2Set } from 're2js';

/** What one call may cost, of everything that its parameters make the server do. */
export interface Work {
  /** What is left, in instructions times characters or what takes as long: at most 100 ns each. */
  left: number;
  /** What was done since the steps last paused. */
  sincePause: number;
  /** An expression that a call has several times, for other columns, is compiled once. */
  readonly compiled: Map<string, Compiled>;
}

/** An expression that can be matched against texts. */
export interface Compiled {
  readonly set: RE2Set;
  /** The size of its program. */
  readonly instructions: number;
}

/**
 * The most that one call may cost, in a linear-time engine's upper bound: 500 instructions on a list of
 * 1 MB. What looks for lengths, as `^.{1,255}$` does, has so many and costs a hundredth of that; the
 * worst expressions found take 20 s to spend it, of their account's share.
 */
const workOfOneCall = 500_000_000;

/** About a millisecond: a pause itself takes a ten-thousandth of that. */
const workUntilPause = 20_000;

export function createWork(): Work {
  return { left: workOfOneCall, sincePause: 0, compiled: new Map() };
}

/** Does something in steps: it pauses at each `yield`, where others may have their turn. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** Notes work that nothing has to pay for, since the number of parameters and rows bounds it. */
export function countWork(work: Work, units: number): void {
  work.sincePause += units;
}

/** Charges work. False when there is not so much left. */
export function spend(work: Work, units: number): boolean {
  work.left -= units;
  work.sincePause += units;
  return work.left >= 0;
}

/** Whether it is time for a `yield`; begins a new step if so. */
export function isPauseDue(work: Work): boolean {
  if (work.sincePause < workUntilPause) return false;
  work.sincePause = 0;
  return true;
}
