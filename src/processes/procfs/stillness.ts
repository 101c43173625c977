import { readFileSync } from 'node:fs';
import type { KeptFile, Stillness } from '../process-table.ts';
import { keepFile } from './kept-file.ts';

/**
 * The time on a processor that the kernel tells is brought up to date when a process leaves it and
 * at each tick of its clock, of which there are 100 to 1,000 a second (sched_tick). So whoever ran
 * all the while shows it after this.
 */
const certainAfterMs = 100;

const buffer = Buffer.allocUnsafe(128);

/** A way to see whether a process has run, without reading what it says of itself. */
export interface StillnessWatch {
  see(): Stillness;
  close(): void;
}

/**
 * Watches /proc/PID/schedstat: time on a processor in nanoseconds, time waiting for one, number of
 * turns (Documentation/scheduler/sched-stats.rst). The number grows when a turn begins. Once the
 * three have stayed the same for longer than a tick the process is on no processor, and as long as
 * they stay it has not executed one instruction: nothing that it tells can have changed.
 */
export function watchStillness(root: string, pid: number): StillnessWatch {
  const file = ticksEverywhere() ? keepFile(`${root}/${pid}/schedstat`) : null;
  return file === null ? unwatched : new Watch(file);
}

const unwatched: StillnessWatch = { see: () => 'may-have-run', close: () => {} };

/** What was read last. NaN, which equals nothing, where there was no number. */
const now = { ran: Number.NaN, waited: Number.NaN, turns: Number.NaN };

/** A class, since there is one for each session. */
class Watch implements StillnessWatch {
  readonly #file: KeptFile;
  #ran = Number.NaN;
  #waited = Number.NaN;
  #turns = Number.NaN;
  /** Milliseconds, by the clock that does not jump. */
  #markedAt = 0;
  #isCertain = false;

  constructor(file: KeptFile) {
    this.#file = file;
  }

  see(): Stillness {
    const lookedAt = performance.now();
    const length = this.#file.read(buffer, 0, buffer.length);
    if (length < 0) return 'gone';
    readNumbers(length);
    if (now.ran === this.#ran && now.waited === this.#waited && now.turns === this.#turns) {
      this.#isCertain ||= lookedAt - this.#markedAt > certainAfterMs;
      return this.#isCertain ? 'still' : 'may-have-run';
    }
    // A kernel that does not count tells zeros of everybody.
    if (now.ran === 0 && now.waited === 0 && now.turns === 0) return 'may-have-run';
    this.#ran = now.ran;
    this.#waited = now.waited;
    this.#turns = now.turns;
    // Behind the reading: a pause of this process between the two must not count as time of the mark.
    this.#markedAt = performance.now();
    this.#isCertain = false;
    return 'may-have-run';
  }

  close(): void {
    this.#file.close();
  }
}

/** Reads "RAN WAITED TURNS\n" of the buffer. Beyond 2^53 ns, 104 days, numbers are rounded. */
function readNumbers(length: number): void {
  readAt = 0;
  now.ran = readNumber(length);
  now.waited = readNumber(length);
  now.turns = readNumber(length);
}

let readAt = 0;

function readNumber(length: number): number {
  let value = Number.NaN;
  for (; readAt < length; readAt += 1) {
    const digit = (buffer[readAt] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = (Number.isNaN(value) ? 0 : value * 10) + digit;
  }
  readAt += 1;
  return value;
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
