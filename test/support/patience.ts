import { readFileSync } from 'node:fs';

/** However starved the machine is, a wait is no longer than so many times what was given. */
const maxStretch = 12;

export interface PatienceSource {
  /** Milliseconds by a clock that does not jump. */
  readonly now: () => number;
  /** Milliseconds, since the system's start, in which some process waited for a processor. */
  readonly starved: () => number;
}

const ofThisMachine: PatienceSource = { now: () => performance.now(), starved: readStarvedMs };

/**
 * Time for something to happen, in milliseconds. Time in which processes wait for a processor does not
 * count, so that a loaded machine makes no test fail; an idle one gives what was asked for.
 */
export function startPatience(timeoutMs: number, { now, starved } = ofThisMachine) {
  const begun = now();
  const starvedBefore = starved();
  return {
    isOver(): boolean {
      const elapsed = now() - begun;
      if (elapsed < timeoutMs) return false;
      return (
        elapsed >= maxStretch * timeoutMs || elapsed - (starved() - starvedBefore) >= timeoutMs
      );
    },
  };
}

/**
 * Milliseconds, since the system's start, in which some process waited for a processor: the line "some"
 * of /proc/pressure/cpu (Documentation/accounting/psi.rst), in microseconds there. 0 without it.
 */
export function readStarvedMs(): number {
  try {
    const total = /^some .*total=(\d+)$/m.exec(readFileSync('/proc/pressure/cpu', 'latin1'))?.[1];
    return Number(total ?? 0) / 1000;
  } catch {
    // A kernel without it: all time counts.
    return 0;
  }
}
