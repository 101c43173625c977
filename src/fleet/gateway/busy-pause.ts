import { minWaitMs } from './wait.ts';

/**
 * So long is waited, in ms, before one that works on as many requests as it does is asked again: the callers of this
 * round may have been too many themselves, each with people of its own on that host.
 */
const pausesMs = [25, 50, 100, 200];

/**
 * How long to wait, in ms, before a host that was busy so many times before this one is asked again; null where it was
 * asked often enough, or could not answer in the ms that are left.
 */
export function pauseBeforeAgain(times: number, leftMs: number): number | null {
  const pauseMs = pausesMs[times];
  return pauseMs !== undefined && pauseMs + minWaitMs < leftMs ? pauseMs : null;
}
