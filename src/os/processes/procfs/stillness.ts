import { readFileSync } from 'node:fs';
import type { Stillness } from '../process-table.ts';
import { type DescribedFile, keepFile, readDescriptor } from './kept-file.ts';

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

/**
 * Of each process the descriptor of its file, what was read last, RAN, WAITED and TURNS, and when, in
 * milliseconds by the clock that does not jump; CERTAIN there once it has been the same for long
 * enough. All side by side, a line of the processor's cache each: a look goes over thousands, and
 * objects with numbers of their own would be six places in memory that no cache holds.
 */
let marks = new Float64Array(0);
const DESCRIPTOR = 0;
const RAN = 1;
const WAITED = 2;
const TURNS = 3;
const MARKED_AT = 4;
const markLength = 8;
const CERTAIN = Number.NEGATIVE_INFINITY;

/** Places in `marks`, as their first index, that no process has. */
const freePlaces: number[] = [];

function takePlace(): number {
  const free = freePlaces.pop();
  if (free !== undefined) return free;
  const place = marks.length;
  const grown = new Float64Array(Math.max(64 * markLength, 2 * place));
  grown.set(marks);
  marks = grown;
  for (let each = grown.length - markLength; each > place; each -= markLength) {
    freePlaces.push(each);
  }
  return place;
}

class Watch implements StillnessWatch {
  readonly #file: DescribedFile;
  readonly #place = takePlace();
  #isClosed = false;

  constructor(file: DescribedFile) {
    this.#file = file;
    // NaN equals nothing.
    marks.fill(Number.NaN, this.#place, this.#place + markLength);
    marks[this.#place + DESCRIPTOR] = file.descriptor;
  }

  see(): Stillness {
    const place = this.#place;
    const lookedAt = marks[place + MARKED_AT] === CERTAIN ? 0 : performance.now();
    const descriptor = marks[place + DESCRIPTOR] ?? -1;
    const length = readDescriptor(descriptor, buffer, 0, buffer.length);
    if (length < 0) return 'gone';
    readAt = 0;
    const ran = readNumber(length);
    const waited = readNumber(length);
    const turns = readNumber(length);
    const isSame =
      ran === marks[place + RAN] &&
      waited === marks[place + WAITED] &&
      turns === marks[place + TURNS];
    if (isSame) {
      const markedAt = marks[place + MARKED_AT] ?? Number.NaN;
      if (markedAt === CERTAIN) return 'still';
      if (lookedAt - markedAt <= certainAfterMs) return 'may-have-run';
      marks[place + MARKED_AT] = CERTAIN;
      return 'still';
    }
    // A kernel that does not count tells zeros of everybody.
    if (ran === 0 && waited === 0 && turns === 0) return 'may-have-run';
    marks[place + RAN] = ran;
    marks[place + WAITED] = waited;
    marks[place + TURNS] = turns;
    // Behind the reading: a pause of this process between the two must not count as time of the mark.
    marks[place + MARKED_AT] = performance.now();
    return 'may-have-run';
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    freePlaces.push(this.#place);
    this.#file.close();
  }
}

let readAt = 0;

/**
 * Reads the next number of "RAN WAITED TURNS\n" in the buffer; NaN where there is none. Beyond 2^53
 * ns, 104 days, numbers are rounded.
 */
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
