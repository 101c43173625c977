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
  if (file === null) return { see: () => 'may-have-run', close: () => {} };
  return { see: createSee(file), close: file.close };
}

function createSee(file: KeptFile): () => Stillness {
  const mark = Buffer.allocUnsafe(buffer.length);
  let length = 0;
  let markedAt = 0;
  let isCertain = false;
  return () => {
    const now = performance.now();
    const read = file.read(buffer, 0, buffer.length);
    if (read < 0) return 'gone';
    if (read === length && buffer.compare(mark, 0, length, 0, length) === 0) {
      isCertain ||= now - markedAt > certainAfterMs;
      return isCertain ? 'still' : 'may-have-run';
    }
    // A kernel that does not count tells zeros of everybody.
    if (buffer.toString('latin1', 0, read).startsWith('0 0 0')) return 'may-have-run';
    buffer.copy(mark, 0, 0, read);
    length = read;
    // Behind the reading: a pause of this process between the two must not count as time of the mark.
    markedAt = performance.now();
    isCertain = false;
    return 'may-have-run';
  };
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
