import { readdirSync } from 'node:fs';
import type { EndingCounts } from '../sessions/count-endings.ts';

/** What a process tells of itself. */
export interface ProcessStats {
  /** Seconds since the epoch. */
  readonly startedAt: number;
  /** Processor time in seconds, the kernel's for it included. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  /** Null where the system does not tell. */
  readonly openFiles: number | null;
}

/** What the monitor tells: the two processes that have rights on the host, and whom they ended. */
export interface MonitorStats {
  readonly monitor: ProcessStats;
  /** Null where it does not answer. */
  readonly scanner: ProcessStats | null;
  readonly endings: EndingCounts;
}

/** The process stats of this process. */
export function readProcessStats(): ProcessStats {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return {
    startedAt: performance.timeOrigin / 1000,
    cpuSeconds: (user + system) / 1e6,
    residentBytes: rss,
    heapUsedBytes: heapUsed,
    openFiles: countOpenFiles(),
  };
}

/** One of them is the folder itself while it is read. */
function countOpenFiles(): number | null {
  try {
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return null;
  }
}
