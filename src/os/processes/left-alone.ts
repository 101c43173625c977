import { isLiving } from './procfs/facts.ts';

/** A process that is not looked at, because a read of what the kernel tells of it did not return. */
export interface LeftAloneProcess {
  readonly pid: number;
  readonly startTime: string;
  /** The effective uid. */
  readonly uid: number;
}

/** The processes that are left alone. */
export interface LeftAlone {
  /** Replaces the list. */
  set(processes: readonly LeftAloneProcess[]): void;
  has(pid: number): boolean;
  /** Those that have not ended. */
  living(): readonly LeftAloneProcess[];
}

/**
 * Remembers processes by pid and start time, of the process table at `root`. A pid that is used
 * again is another process. /proc/PID/stat, which tells it, takes no lock of the process' memory map.
 */
export function createLeftAlone(root = '/proc'): LeftAlone {
  const byPid = new Map<number, LeftAloneProcess>();

  function has(pid: number): boolean {
    if (byPid.size === 0) return false;
    const process = byPid.get(pid);
    if (process === undefined) return false;
    if (isLiving(root, process)) return true;
    byPid.delete(pid);
    return false;
  }

  return {
    has,
    set: (processes) => {
      byPid.clear();
      for (const process of processes) byPid.set(process.pid, process);
    },
    living: () => [...byPid.values()].filter(({ pid }) => has(pid)),
  };
}
