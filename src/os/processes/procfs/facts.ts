import { statSync } from 'node:fs';
import type { Glance, ProcessFacts, ProcessIdentity } from '../process-table.ts';
import { readExecutablePath } from './exe.ts';
import { orNull, readProcFile } from './read-file.ts';
import { parseStat, type Stat } from './stat.ts';
import { type Credentials, parseStatus } from './status.ts';

/**
 * Clock ticks a second in the numbers that /proc shows: USER_HZ, 100 on every architecture that
 * Node.js runs on (the kernel scales its own HZ to it).
 */
const ticksPerSecond = 100;

/** What the kernel tells in clock ticks, in milliseconds. */
export function msOfTicks(ticks: number): number {
  return (ticks * 1000) / ticksPerSecond;
}

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

/** The credentials of that very process; null when it has ended. */
export function readCredentials(
  root: string,
  { pid, startTime }: ProcessIdentity,
): Credentials | null {
  const credentials = orNull(() => readStatus(root, pid));
  return readStartTime(root, pid) === startTime ? credentials : null;
}

function readStat(root: string, pid: number): Stat | null {
  const bytes = readProcFile(`${root}/${pid}/stat`);
  return bytes === null ? null : parseStat(bytes.toString('latin1'));
}

function readStatus(root: string, pid: number): Credentials | null {
  const bytes = readProcFile(`${root}/${pid}/status`);
  return bytes === null ? null : parseStatus(bytes.toString('latin1'));
}

function startTimeOf({ startTicks }: Stat): string {
  return String(startTicks);
}

/**
 * Reads the text of the link exe, and of the folder of a process its owner: the effective uid,
 * whatever the process has done to hide its other files (fs/proc/base.c, task_dump_owner).
 */
export function readGlance(root: string, pid: number): Glance | null {
  const executablePath = readExecutablePath(`${root}/${pid}/exe`);
  if (executablePath === undefined) return null;
  return orNull(() => ({
    executablePath,
    mayBeRoots: statSync(`${root}/${pid}`).uid === 0,
  }));
}

/**
 * Reads which process it is from the link exe, /proc/PID/stat and status, in this order: kernel threads
 * have no exe, and the start time comes before the rest, so a reader that finds it unchanged afterwards
 * knows that the rest was that process'. `bootTimeMs` is in milliseconds since the epoch. Null when the
 * process is gone.
 */
export function readFacts(root: string, pid: number, bootTimeMs: number): ProcessFacts | null {
  const executablePath = readExecutablePath(`${root}/${pid}/exe`);
  if (executablePath === undefined) return null;
  const stat = readStat(root, pid);
  if (stat === null) return null;
  const credentials = readStatus(root, pid);
  if (credentials === null) return null;
  return {
    pid,
    parentPid: stat.parentPid,
    startTime: startTimeOf(stat),
    // The clock may have been set back since the time of boot was reckoned.
    startedAtMs: Math.min(Date.now(), bootTimeMs + msOfTicks(stat.startTicks)),
    name: stat.name,
    uid: credentials.effectiveUid,
    realUid: credentials.realUid,
    isWhollyRoot: credentials.isWhollyRoot,
    hasGroups: credentials.hasGroups,
    executablePath,
  };
}

/** Of the process that has this pid now when it started, and the pid above it; null when there is none. */
export function readOrigin(
  root: string,
  pid: number,
): { readonly startTime: string; readonly parentPid: number } | null {
  const stat = orNull(() => readStat(root, pid));
  return stat === null ? null : { startTime: startTimeOf(stat), parentPid: stat.parentPid };
}
