import { opendirSync, readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { LeftAlone } from './left-alone.ts';
import type {
  Interest,
  Process,
  ProcessIdentity,
  ProcessListing,
  ProcessTable,
} from './process-table.ts';
import { parseArgumentsLeft, parseCmdline, readCmdline } from './procfs/cmdline.ts';
import { readExecutablePath } from './procfs/exe.ts';
import { createProcfsFiles } from './procfs/fd.ts';
import { inspect, isLiving, readBootTime, readStartTime } from './procfs/inspect.ts';
import { keepFile } from './procfs/kept-file.ts';
import { keepChildren, keepProcess } from './procfs/kept-process.ts';
import { readingFlags } from './procfs/opened-file.ts';
import { isDenied, orNull, readProcFile } from './procfs/read-file.ts';
import { terminate } from './procfs/terminate.ts';

/**
 * The process table of Linux, read from a /proc file system mounted at `root`. Processes that are left
 * alone are as if they were not there.
 */
export function createProcfsTable(
  root = '/proc',
  leftAlone: Pick<LeftAlone, 'has'> = { has: () => false },
): ProcessTable {
  const bootTime = createBootTime(root);
  return {
    find: async (interest) => find(root, interest, leftAlone),
    titles: async (processes) =>
      titles(
        root,
        processes.filter(({ pid }) => !leftAlone.has(pid)),
      ),
    living: async (processes) => living(root, processes),
    terminate: async (process) => terminate(root, process),
    files: createProcfsFiles(root),
    kept: {
      read: (pid) =>
        leftAlone.has(pid) ? null : orNull(() => readProcess(root, pid, () => true, bootTime())),
      pids: () => pidsAmong(readdirSync(root)),
      pidsBeside: async () => pidsAmong(await namesBeside(root)),
      executablePath: (pid) => readExecutablePath(`${root}/${pid}/exe`),
      keep: (pid) => (leftAlone.has(pid) ? null : keepProcess(root, pid)),
      keepChildren: (pid) => keepChildren(root, pid),
      keepOpenFile: (pid, fd) => keepFile(`${root}/${pid}/fd/${fd}`, readingFlags),
    },
  };
}

/** The kernel counts all interrupts to write this file, and the time changes with the clock only. */
const bootTimeIntervalMs = 1000;

function createBootTime(root: string): () => number | null {
  let readAt = -Infinity;
  let bootTime: number | null = null;
  return () => {
    if (performance.now() - readAt > bootTimeIntervalMs) {
      bootTime = readBootTime(root);
      readAt = performance.now();
    }
    return bootTime;
  };
}

/** So many names are read before other work has its turn. */
const namesAtATime = 64;

/** Not in libuv's threads: they would be begun for this alone, in the process that has the rights. */
async function namesBeside(root: string): Promise<string[]> {
  const names: string[] = [];
  const directory = opendirSync(root, { bufferSize: namesAtATime });
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      names.push(entry.name);
      if (names.length % namesAtATime === 0) await setImmediate();
    }
  } finally {
    directory.closeSync();
  }
  return names;
}

function pidsAmong(names: readonly string[]): number[] {
  return names.filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
}

function find(root: string, interest: Interest, leftAlone: Pick<LeftAlone, 'has'>): ProcessListing {
  const bootTime = readBootTime(root);
  const processes: Process[] = [];
  for (const pid of pidsAmong(readdirSync(root))) {
    if (leftAlone.has(pid)) continue;
    // With hidepid=1 a process is listed and its files are refused; `othersAreHidden` tells of it.
    const process = orNull(() => readProcess(root, pid, interest, bootTime));
    if (process !== null) processes.push(process);
  }
  return { processes, othersAreHidden: othersAreHidden(root) };
}

function readProcess(
  root: string,
  pid: number,
  interest: Interest,
  bootTime: number | null,
): Process | null {
  const before = readTitle(root, pid);
  if (before === null) return null;
  const executablePath = readExecutablePath(`${root}/${pid}/exe`);
  if (executablePath === undefined || !interest({ title: before, executablePath })) return null;
  const inspected = inspect(root, pid, bootTime);
  // Read again behind the start time: the first title may have been another process'.
  const bytes = readCmdline(root, pid);
  if (inspected === null || bytes === null) return null;
  // Property by property: V8 gives each object that is spread from another a hidden class of its own.
  return {
    pid,
    parentPid: inspected.parentPid,
    startTime: inspected.startTime,
    startedAtMs: inspected.startedAtMs,
    title: parseCmdline(bytes),
    argumentsLeft: parseArgumentsLeft(bytes),
    uid: inspected.uid,
    isWhollyRoot: inspected.isWhollyRoot,
    executable: inspected.executable,
  };
}

function titles(root: string, processes: readonly Process[]): Map<number, string> {
  const found = new Map<number, string>();
  for (const { pid, startTime } of processes) {
    const title = orNull(() => readTitle(root, pid));
    if (title !== null && readStartTime(root, pid) === startTime) found.set(pid, title);
  }
  return found;
}

/** Which of them are still there, by pid; also for a table whose listing comes from elsewhere. */
export function living(root: string, processes: readonly ProcessIdentity[]): Set<number> {
  return new Set(processes.filter((process) => isLiving(root, process)).map(({ pid }) => pid));
}

function readTitle(root: string, pid: number): string | null {
  const bytes = readCmdline(root, pid);
  return bytes === null ? null : parseCmdline(bytes);
}

/**
 * hidepid (proc(5)) takes away other users' processes or what they hold. Process 1 is always there
 * and root's, so whoever cannot read its stat does not see everything.
 */
export function othersAreHidden(root: string): boolean {
  try {
    return readProcFile(`${root}/1/stat`) === null;
  } catch (error) {
    if (isDenied(error)) return true;
    throw error;
  }
}
