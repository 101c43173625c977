import type { Idleness, IdleWatch, KeptChildren, KeptFile, KeptProcess } from '../process-table.ts';
import { parseCmdline } from './cmdline.ts';
import { detectIdleness } from './idle-detector.ts';
import { keepFile } from './kept-file.ts';

const buffer = Buffer.allocUnsafe(64 * 1024);
const titleBytes = 4096;

/**
 * Keeps /proc/PID/cmdline open; null when the process is gone or descriptors run short. Of a process
 * that has ended every read fails with ESRCH (proc(5)).
 */
export function keepProcess(root: string, pid: number): KeptProcess | null {
  const file = keepFile(`${root}/${pid}/cmdline`);
  return file === null ? null : new HeldProcess(file, detectIdleness(root, pid));
}

/** A class, since there is one for each session. */
class HeldProcess implements KeptProcess {
  readonly #cmdline: KeptFile;
  readonly #watch: IdleWatch;

  constructor(cmdline: KeptFile, watch: IdleWatch) {
    this.#cmdline = cmdline;
    this.#watch = watch;
  }

  idleness(): Idleness {
    return this.#watch.see();
  }

  title(): string | null {
    const length = this.#cmdline.read(buffer, 0, titleBytes);
    // A zombie has no title any more.
    return length <= 0 ? null : parseCmdline(buffer.subarray(0, length));
  }

  close(): void {
    this.#cmdline.close();
    this.#watch.close();
  }
}

/** Keeps /proc/PID/task/PID/children open; null when gone, or the kernel has no such file. */
export function keepChildren(root: string, pid: number): KeptChildren | null {
  const file = keepFile(`${root}/${pid}/task/${pid}/children`);
  if (file === null) return null;
  let text = '';
  let pids: readonly number[] = [];
  return {
    close: () => file.close(),
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
