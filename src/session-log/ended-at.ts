import { createBootTime } from '../os/processes/procfs/boot-time.ts';
import { msOfTicks, readStartTime } from '../os/processes/procfs/facts.ts';

/**
 * Tells of a process that is over when it ended at the latest, in ms since the epoch: now, or when the process
 * began that has its pid by now. An end is noticed later than it was.
 */
export function createEndTimes(
  procRoot: string,
): (process: { readonly pid: number; readonly start: string | null }) => number {
  const bootTime = createBootTime(procRoot);
  return ({ pid, start }) => {
    const now = Date.now();
    const next = start === null ? null : readStartTime(procRoot, pid);
    if (next === null || next === start) return now;
    return Math.min(now, bootTime() + msOfTicks(Number(next)));
  };
}
