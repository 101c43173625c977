import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process at one moment, as /proc/PID/stat (proc(5)) tells it. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** The process group; a child keeps it even when its parent ends. */
  readonly group: number;
  /** "Z" is a zombie: it has ended and only waits to be reaped. */
  readonly state: string;
  /** Clock ticks since boot; with the pid it is the process's identity. */
  readonly startTime: string;
}

/** Reads one process; undefined when it is gone. */
export function processStat(pid: number): ProcessStat | undefined {
  const text = readOrNothing(`/proc/${pid}/stat`);
  if (text === undefined) {
    return undefined;
  }
  // The name is in brackets and may hold brackets and spaces itself: count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    startTime: fields[19] ?? '',
  };
}

/** The time in the unit of `startTime`: /proc/uptime (proc(5)) gives hundredths of a second, as ticks are. */
export function ticksSinceBoot(): number {
  return Math.round(Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 100);
}

/** Every process of this process table. */
export function allProcesses(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processStat(Number(name)) ?? []);
}

/** The children of a process, zombies left out. */
export function childrenOf(pid: number): ProcessStat[] {
  return allProcesses().filter((process) => process.parent === pid && process.state !== 'Z');
}

/** The processes of a group, zombies too. */
export function groupMembers(group: number): ProcessStat[] {
  return allProcesses().filter((process) => process.group === group);
}

/** Whether every thread of a process is stopped (proc_pid_stat(5)), as some time after SIGSTOP. */
export function isStopped(pid = 0): boolean {
  return readdirSync(`/proc/${pid}/task`).every((task) => {
    const text = readFileSync(`/proc/${pid}/task/${task}/stat`, 'latin1');
    return text.charAt(text.lastIndexOf(')') + 2) === 'T';
  });
}

/** The title of a process: /proc/PID/cmdline up to its first NUL; undefined when it is gone. */
export function titleOf(pid: number): string | undefined {
  return readOrNothing(`/proc/${pid}/cmdline`)?.split('\0')[0];
}

/** The effective uid of a process; undefined when it is gone. */
export function uidOf(pid: number): number | undefined {
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(readOrNothing(`/proc/${pid}/status`) ?? '')?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/**
 * The processes that hold a socket, by its inode, of those that began at `since` (clock ticks since
 * boot) or later: descriptors cost a read each. Needs root for other users' processes.
 */
export function holdersOfSocket(inode: string, since: number): ProcessStat[] {
  return allProcesses().filter(({ pid, startTime }) => {
    if (Number(startTime) < since) return false;
    try {
      const fds = readdirSync(`/proc/${pid}/fd`);
      return fds.some((fd) => linkOrNothing(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);
    } catch {
      return false;
    }
  });
}

function linkOrNothing(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

/** Whether a process is there and no zombie. */
export function isAlive(pid: number): boolean {
  const state = processStat(pid)?.state;
  return state !== undefined && state !== 'Z';
}
