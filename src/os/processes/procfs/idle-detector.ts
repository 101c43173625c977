import { readFileSync } from 'node:fs';
import type { Idleness } from '../process-table.ts';
import { type DescribedFile, keepFile, readDescriptor } from './kept-file.ts';

/**
 * The time on a processor that the kernel tells is brought up to date when a process leaves it and
 * at each tick of its clock, of which there are 100 to 1,000 a second (sched_tick). So a process
 * that ran all the while shows it after this.
 */
const certainAfterMs = 100;

const buffer = Buffer.allocUnsafe(128);

/** A way to see whether a process has run, without reading what it says of itself. */
export interface IdleDetector {
  see(): Idleness;
  close(): void;
}

/**
 * Watches /proc/PID/schedstat: time on a processor in nanoseconds, time waiting for one, number of
 * turns (Documentation/scheduler/sched-stats.rst). The number grows when a turn begins. Once the
 * three have stayed the same for longer than a tick the process is on no processor, and as long as
 * they stay it has not executed one instruction: nothing that it tells can have changed.
 */
export function detectIdleness(root: string, pid: number): IdleDetector {
  const file = ticksEverywhere() ? keepFile(`${root}/${pid}/schedstat`) : null;
  return file === null ? unwatched : new SchedstatDetector(file);
}

const unwatched: IdleDetector = { see: () => 'may-have-run', close: () => {} };

/**
 * Of each process the descriptor of its file, what was read last, RAN, WAITED and TURNS, and when, in
 * milliseconds by the clock that does not jump; CERTAIN there once it has been the same for long
 * enough. All side by side, a line of the processor's cache each: a scan goes over thousands, and
 * objects with numbers of their own would be six places in memory that no cache holds.
 */
let samples = new Float64Array(0);
const DESCRIPTOR = 0;
const RAN = 1;
const WAITED = 2;
const TURNS = 3;
const SAMPLED_AT = 4;
const sampleLength = 8;
const CERTAIN = Number.NEGATIVE_INFINITY;

/** Slots in `samples`, as their first index, that no process has. */
const freeSlots: number[] = [];

function takeSlot(): number {
  const free = freeSlots.pop();
  if (free !== undefined) return free;
  const slot = samples.length;
  const grown = new Float64Array(Math.max(64 * sampleLength, 2 * slot));
  grown.set(samples);
  samples = grown;
  for (let each = grown.length - sampleLength; each > slot; each -= sampleLength) {
    freeSlots.push(each);
  }
  return slot;
}

class SchedstatDetector implements IdleDetector {
  readonly #file: DescribedFile;
  readonly #slot = takeSlot();
  #isClosed = false;

  constructor(file: DescribedFile) {
    this.#file = file;
    // NaN equals nothing.
    samples.fill(Number.NaN, this.#slot, this.#slot + sampleLength);
    samples[this.#slot + DESCRIPTOR] = file.descriptor;
  }

  see(): Idleness {
    const slot = this.#slot;
    const readingAt = samples[slot + SAMPLED_AT] === CERTAIN ? 0 : performance.now();
    const descriptor = samples[slot + DESCRIPTOR] ?? -1;
    const length = readDescriptor(descriptor, buffer, 0, buffer.length);
    if (length < 0) return 'gone';
    readAt = 0;
    const ran = readNumber(length);
    const waited = readNumber(length);
    const turns = readNumber(length);
    const isSame =
      ran === samples[slot + RAN] &&
      waited === samples[slot + WAITED] &&
      turns === samples[slot + TURNS];
    if (isSame) {
      const sampledAt = samples[slot + SAMPLED_AT] ?? Number.NaN;
      if (sampledAt === CERTAIN) return 'idle';
      if (readingAt - sampledAt <= certainAfterMs) return 'may-have-run';
      samples[slot + SAMPLED_AT] = CERTAIN;
      return 'idle';
    }
    // A kernel that does not count tells zeros of everybody.
    if (ran === 0 && waited === 0 && turns === 0) return 'may-have-run';
    samples[slot + RAN] = ran;
    samples[slot + WAITED] = waited;
    samples[slot + TURNS] = turns;
    // Behind the reading: a pause of this process between the two must not count as time of the sample.
    samples[slot + SAMPLED_AT] = performance.now();
    return 'may-have-run';
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    freeSlots.push(this.#slot);
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
