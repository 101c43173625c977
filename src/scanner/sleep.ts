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
