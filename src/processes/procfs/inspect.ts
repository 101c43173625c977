import { uptime } from 'node:os';
import type { Process, ProcessIdentity } from '../process-table.ts';
import { readExecutable } from './exe.ts';
import { orNull, readProcFile } from './read-file.ts';
import { parseBootTime, parseStat, type Stat } from './stat.ts';
import { parseStatus } from './status.ts';

/**
 * Clock ticks a second in the numbers that /proc shows: USER_HZ, 100 on every architecture that
 * Node.js runs on (the kernel scales its own HZ to it).
 */
const ticksPerSecond = 100;

/** All of a process but its title. */
export type Inspected = Omit<Process, 'title'>;

/** The start time of the process that has this pid now, or null when there is none. */
export function readStartTime(root: string, pid: number): string | null {
  const stat = orNull(() => readStat(root, pid));
  return stat === null ? null : startTimeOf(stat);
}

/** True while that very process is there and has not ended. */
export function isLiving(root: string, { pid, startTime }: ProcessIdentity): boolean {
  const stat = orNull(() => readStat(root, pid));
  return stat !== null && !stat.hasEnded && startTimeOf(stat) === startTime;
}

function readStat(root: string, pid: number): Stat | null {
  const bytes = readProcFile(`${root}/${pid}/stat`);
  return bytes === null ? null : parseStat(bytes.toString('latin1'));
}

function startTimeOf({ startTicks }: Stat): string {
  return String(startTicks);
}

/**
 * The time of boot in seconds since the epoch as the kernel states it now. A /proc that is mounted
 * with subset=pid (proc(5)) has no such file; then it is reckoned from the time since boot, and may
 * be off by a second.
 */
export function readBootTime(root: string): number {
  const bytes = orNull(() => readProcFile(`${root}/stat`, 4 * 1024 * 1024));
  const stated = bytes === null ? null : parseBootTime(bytes.toString('latin1'));
  return stated ?? Math.round(Date.now() / 1000 - uptime());
}

/**
 * Reads who a process is from /proc/PID/stat, status and exe. The start time is read first:
 * whoever finds it unchanged afterwards knows that all of it was one process'.
 * Returns null when the process is gone.
 */
export function inspect(root: string, pid: number, bootTime: number | null): Inspected | null {
  const stat = readStat(root, pid);
  if (stat === null) return null;
  const status = readProcFile(`${root}/${pid}/status`);
  const credentials = status === null ? null : parseStatus(status.toString('latin1'));
  if (credentials === null) return null;
  return {
    pid,
    parentPid: stat.parentPid,
    startTime: startTimeOf(stat),
    startedAtMs:
      bootTime === null ? null : bootTime * 1000 + (stat.startTicks * 1000) / ticksPerSecond,
    uid: credentials.effectiveUid,
    isWhollyRoot: credentials.isWhollyRoot,
    executable: readExecutable(`${root}/${pid}/exe`),
  };
}
