import { readdirSync } from 'node:fs';

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

/** The process stats of the two processes that have rights on the host; null of one that does not answer. */
export interface MonitorStats {
  readonly monitor: ProcessStats;
  readonly scanner: ProcessStats | null;
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
