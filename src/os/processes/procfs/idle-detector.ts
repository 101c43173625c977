import { readFileSync } from 'node:fs';
import type { Idleness, IdleWatch, KeptFile } from '../process-table.ts';
import { keepFile } from './kept-file.ts';

/**
 * The time on a processor that the kernel tells is brought up to date when a process leaves it and
 * at each tick of its clock, of which there are 100 to 1,000 a second (sched_tick). So a process
 * that ran all the while shows it after this.
 */
const certainAfterMs = 100;

/**
 * Watches /proc/PID/schedstat: time on a processor in nanoseconds, time waiting for one, number of
 * turns (Documentation/scheduler/sched-stats.rst). The number grows when a turn begins. Once the
 * three have stayed the same for longer than a tick the process is on no processor, and as long as
 * they stay it has not executed one instruction: nothing that it tells can have changed.
 */
export function detectIdleness(root: string, pid: number): IdleWatch {
  const file = ticksEverywhere() ? keepFile(`${root}/${pid}/schedstat`) : null;
  return file === null ? unwatched : new SchedstatDetector(file);
}

const unwatched: IdleWatch = { see: () => 'may-have-run', close: () => {} };

/** Longer than three numbers of 64 bits, the spaces between them and the end of the line. */
const textBytes = 64;

const buffer = Buffer.allocUnsafe(textBytes);

const uncounted = '0 0 0\n';

/** A class, since there is one for each process that is tracked. */
class SchedstatDetector implements IdleWatch {
  readonly #file: KeptFile;
  /**
   * What was read last, and when, by the clock that does not jump. A text, since a small buffer that
   * stays keeps all of Node's pool from which it is cut: of 5,000 sessions 15 MB.
   */
  #text = '';
  #sampledAt = 0;
  /** Whether it has stayed the same for long enough. */
  #isCertain = false;

  constructor(file: KeptFile) {
    this.#file = file;
  }

  see(): Idleness {
    const scannedAt = this.#isCertain ? 0 : performance.now();
    const length = this.#file.read(buffer, 0, textBytes);
    if (length < 0) return 'gone';
    if (length > 0 && isRead(this.#text, length)) {
      this.#isCertain ||= scannedAt - this.#sampledAt > certainAfterMs;
      return this.#isCertain ? 'idle' : 'may-have-run';
    }
    this.#isCertain = false;
    // A kernel that does not count tells zeros of everybody.
    if (isRead(uncounted, length)) return 'may-have-run';
    this.#text = buffer.toString('latin1', 0, length);
    // Behind the reading: a pause of this process between the two must not count as time of the sample.
    this.#sampledAt = performance.now();
    return 'may-have-run';
  }

  close(): void {
    this.#file.close();
  }
}

/** Whether this text is what was read, of `length` bytes. Byte by byte, since they are few. */
function isRead(text: string, length: number): boolean {
  if (text.length !== length) return false;
  for (let at = 0; at < length; at += 1) if (text.charCodeAt(at) !== buffer[at]) return false;
  return true;
}

let isTicking: boolean | null = null;

/** False where processors may go without the tick while they work (nohz_full of the kernel's command line). */
function ticksEverywhere(): boolean {
  isTicking ??= !/\d/.test(nohzFull());
  return isTicking;
}

function nohzFull(): string {
  try {
    return readFileSync('/sys/devices/system/cpu/nohz_full', 'latin1');
  } catch {
    // Kernels that cannot do it have no such file.
    return '';
  }
}
