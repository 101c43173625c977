import { closeSync, openSync, readSync } from 'node:fs';
import { descriptorLimit } from '../descriptor-limit.ts';
import type { KeptChildren, KeptFile, KeptProcess } from '../process-table.ts';
import { parseCmdline } from './cmdline.ts';
import { isDenied, isGone } from './read-file.ts';

const buffer = Buffer.allocUnsafe(64 * 1024);
const titleBytes = 4096;
/** For everything else that this process opens. */
const reservedDescriptors = 256;

let keptDescriptors = 0;
let limit: number | null = null;

/**
 * Keeps /proc/PID/cmdline open; null when the process is gone or descriptors run short. Of a process
 * that has ended every read fails with ESRCH (proc(5)).
 */
export function keepProcess(root: string, pid: number): KeptProcess | null {
  const file = keepFile(`${root}/${pid}/cmdline`);
  if (file === null) return null;
  let last = Buffer.alloc(0);
  let title = '';
  return {
    close: file.close,
    title: () => {
      const length = file.read(buffer, 0, titleBytes);
      // A zombie has no title any more.
      if (length <= 0) return null;
      if (length !== last.length || buffer.compare(last, 0, last.length, 0, length) !== 0) {
        last = Buffer.from(buffer.subarray(0, length));
        title = parseCmdline(last);
      }
      return title;
    },
  };
}

/** Keeps /proc/PID/task/PID/children open; null when gone, or the kernel has no such file. */
export function keepChildren(root: string, pid: number): KeptChildren | null {
  const file = keepFile(`${root}/${pid}/task/${pid}/children`);
  if (file === null) return null;
  let text = '';
  let pids: readonly number[] = [];
  return {
    close: file.close,
    pids: () => {
      const now = readWhole(file);
      if (now !== text) {
        text = now;
        pids = parsePids(now);
      }
      return pids;
    },
  };
}

/** Opens a file to keep; null when it is not there, may not be read, or descriptors run short. */
export function keepFile(path: string, flags: string | number = 'r'): KeptFile | null {
  limit ??= descriptorLimit();
  if (keptDescriptors >= limit - reservedDescriptors) return null;
  let fd: number;
  try {
    fd = openSync(path, flags);
  } catch (error) {
    if (isGone(error) || isDenied(error) || isShortage(error)) return null;
    throw error;
  }
  keptDescriptors += 1;
  let isOpen = true;
  return {
    read: (into, position, length) => {
      try {
        return readSync(fd, into, 0, length, position);
      } catch (error) {
        if (isGone(error)) return -1;
        throw error;
      }
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      keptDescriptors -= 1;
      closeSync(fd);
    },
  };
}

/** The kernel gives such a file a page at a time. */
function readWhole(file: KeptFile): string {
  let text = '';
  for (let position = 0; ; ) {
    const length = file.read(buffer, position, buffer.length);
    if (length <= 0) return text;
    text += buffer.toString('latin1', 0, length);
    position += length;
  }
}

/** Reads "12 34 56 " (proc(5), /proc/PID/task/TID/children). */
export function parsePids(text: string): number[] {
  return text
    .split(' ')
    .filter((field) => /^[1-9]\d{0,9}$/.test(field))
    .map(Number);
}

function isShortage(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EMFILE' || code === 'ENFILE';
}
