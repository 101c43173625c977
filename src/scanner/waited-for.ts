import { readFileSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { withTimeout } from '../lib/with-timeout.ts';
import type { LeftAloneProcess } from '../os/processes/left-alone.ts';
import { readStartTime } from '../os/processes/procfs/facts.ts';
import { orNull, readProcFile } from '../os/processes/procfs/read-file.ts';
import { parseStatus } from '../os/processes/procfs/status.ts';

/** The process that a read waits for. */
export interface WaitedFor extends LeftAloneProcess {
  /** What is read of it, as a path below its folder in the process table: "cmdline". */
  readonly file: string;
  /** Whether that file was open already; else its path was being followed. */
  readonly isOpen: boolean;
}

/** A page of another process is there at once, unless it has to come from a disk. */
const memoryTimeoutMs = 500;
const maxPathLength = 128;

/**
 * Asks the kernel which process the main thread of another one waits for, by the system call that it
 * is in: a descriptor or a path below `procRoot` among its arguments. Nothing of this takes a lock
 * that the process waited for could hold. Null when no argument names one, it has ended, or the
 * kernel does not tell (/proc/PID/syscall needs the rights of ptrace(2)).
 */
export async function findWaitedFor(pid: number, procRoot: string): Promise<WaitedFor | null> {
  const call = parseSyscall(readText(`/proc/${pid}/syscall`));
  if (call === null) return null;
  const opened = belowProc(linkOf(`/proc/${pid}/fd/${call[0]}`), procRoot);
  if (opened !== null) return identify(opened, true, procRoot);
  for (const address of call.slice(0, 2)) {
    const path = belowProc(await readPath(pid, address), procRoot);
    if (path !== null) return identify(path, false, procRoot);
  }
  return null;
}

/**
 * The arguments in the text of /proc/PID/syscall (proc(5)): the call's number, six arguments in
 * hexadecimal, stack and program counter. Null for "running" and where it is in no call.
 */
export function parseSyscall(text: string | null): readonly bigint[] | null {
  const fields = /^\d+((?: 0x[\da-f]+){6}) /.exec(text ?? '')?.[1];
  return fields === undefined ? null : fields.trim().split(' ').map(BigInt);
}

interface ProcPath {
  readonly pid: number;
  readonly file: string;
}

/** Which process a path of the process table belongs to; null for any other path. */
function belowProc(path: string | null, procRoot: string): ProcPath | null {
  if (!path?.startsWith(`${procRoot}/`)) return null;
  const match = /^([1-9]\d{0,9})\/([\w/]{1,64})$/.exec(path.slice(procRoot.length + 1));
  return match === null ? null : { pid: Number(match[1]), file: match[2] ?? '' };
}

function identify({ pid, file }: ProcPath, isOpen: boolean, root: string): WaitedFor | null {
  const startTime = readStartTime(root, pid);
  const status = orNull(() => readProcFile(`${root}/${pid}/status`));
  const credentials = status === null ? null : parseStatus(status.toString('latin1'));
  if (startTime === null || credentials === null) return null;
  return { pid, startTime, uid: credentials.effectiveUid, file, isOpen };
}

/** The text at an address of another process; null where there is none. Not on this thread: it could wait. */
async function readPath(pid: number, address: bigint): Promise<string | null> {
  // Nothing is mapped there (mmap_min_addr).
  if (address < 65_536n) return null;
  try {
    return await withTimeout(memoryTimeoutMs, readTextAt(`/proc/${pid}/mem`, address));
  } catch {
    return null;
  }
}

async function readTextAt(path: string, address: bigint): Promise<string | null> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(maxPathLength);
    const { bytesRead } = await file.read({ buffer, position: Number(address) });
    const end = buffer.subarray(0, bytesRead).indexOf(0);
    return end < 0 ? null : buffer.toString('latin1', 0, end);
  } finally {
    await file.close();
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}
