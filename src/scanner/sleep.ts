import { readFileSync } from 'node:fs';

/** What /proc/PID/stat tells of a process' work. */
export interface Activity {
  /** One letter (proc(5)): R runs or would, S and D sleep, T is stopped, Z has ended. */
  readonly state: string;
  /** Processor time in clock ticks, the kernel's for it included. */
  readonly cpuTicks: number;
}

/** Counts the samples of a process that slept all the while. */
export interface SleepCount {
  /** Takes a sample; gives how many in a row have shown the same sleep without any work. */
  add(activity: Activity | null): number;
  reset(): void;
}

/**
 * Samples are counted, not the time between them: after a pause of this process itself, stopped or
 * starved, one sample alone is added before what came meanwhile is read.
 */
export function createSleepCount(): SleepCount {
  let last: Activity | null = null;
  let count = 0;
  return {
    add: (activity) => {
      const isAsleep = activity !== null && 'SD'.includes(activity.state);
      const isSame = last !== null && activity?.cpuTicks === last.cpuTicks;
      if (!isAsleep) count = 0;
      else count = isSame ? count + 1 : 1;
      last = isAsleep ? activity : null;
      return count;
    },
    reset: () => {
      last = null;
      count = 0;
    },
  };
}

/** However long it waits, a sample counts so much: what is bounded in samples stays bounded in time. */
const leastWeight = 0.1;

/** Weighs the samples of a process that has to share the processor with others. */
export interface SampleWeights {
  /**
   * Takes how long it has waited for the processor since its start, and when that was read; gives how
   * much the time since the last sample counts, 0.1 to 1.
   */
  add(waitedMs: number | null, nowMs: number): number;
  reset(): void;
}

/**
 * A sample counts with the part of its time in which the process did not wait for the processor. The
 * kernel tells of a wait when it is over, which may be some samples after it began: what is more than
 * a sample has room for is taken off the next ones. Nothing known, nothing taken off.
 */
export function createSampleWeights(): SampleWeights {
  let last: { readonly waitedMs: number; readonly atMs: number } | null = null;
  /** In samples. */
  let toTakeOff = 0;
  return {
    add: (waitedMs, nowMs) => {
      if (last !== null && waitedMs !== null && nowMs > last.atMs) {
        toTakeOff += Math.max(0, waitedMs - last.waitedMs) / (nowMs - last.atMs);
      }
      last = waitedMs === null ? null : { waitedMs, atMs: nowMs };
      const weight = Math.max(leastWeight, 1 - toTakeOff);
      toTakeOff -= 1 - weight;
      return weight;
    },
    reset: () => {
      last = null;
      toTakeOff = 0;
    },
  };
}

/** For how many milliseconds its main thread has waited for a processor; null where nothing tells. */
export function readWaitedMs(pid: number): number | null {
  try {
    return parseWaitedMs(readFileSync(`/proc/${pid}/schedstat`, 'latin1'));
  } catch {
    return null;
  }
}

/**
 * Reads the text of /proc/PID/schedstat: nanoseconds on a processor, nanoseconds of waiting for one,
 * number of turns (Documentation/scheduler/sched-stats.rst). A kernel without CONFIG_SCHED_INFO has no
 * such file, or tells zeros of everybody: a wait that never grows.
 */
export function parseWaitedMs(text: string): number | null {
  const nanoseconds = /^\d+ (\d+) \d+\n$/.exec(text)?.[1];
  return nanoseconds === undefined ? null : Number(nanoseconds) / 1e6;
}

/** Null where there is no such process, or no /proc. */
export function readActivity(pid: number): Activity | null {
  try {
    return parseActivity(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return null;
  }
}

/** Reads the text of /proc/PID/stat: state is field 3, user time 14, system time 15 (proc(5)). */
export function parseActivity(text: string): Activity | null {
  // The name may hold spaces and brackets.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', user, system] = [fields[0], Number(fields[11]), Number(fields[12])];
  if (!/^[A-Za-z]$/.test(state) || Number.isNaN(user) || Number.isNaN(system)) return null;
  return { state, cpuTicks: user + system };
}
