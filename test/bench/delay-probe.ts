import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/*
 * Watches the event loop of the process that it is loaded into:
 *   node --import 'file:///…/delay-probe.js?directory=DIRECTORY' program.js
 * A process passes its options of node on to the processes that it starts the same way, so this
 * reaches the worker too. At each SIGWINCH, which no server has a use for, it writes what it saw
 * since the last one to DIRECTORY/PID-NUMBER.json, numbered from 1, and begins anew.
 */

/** What one file holds, in milliseconds: by how much a timer came too late. */
export interface Delays {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly count: number;
}

const everyMs = 10;
const directory = new URL(import.meta.url).searchParams.get('directory');

if (directory !== null) {
  const histogram = monitorEventLoopDelay({ resolution: everyMs });
  histogram.enable();
  let number = 0;
  process.on('SIGWINCH', () => {
    // The histogram is of the time from one tick to the next, which includes the time wanted.
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - everyMs);
    const delays: Delays = {
      p50: late(histogram.percentile(50)),
      p99: late(histogram.percentile(99)),
      max: late(histogram.max),
      count: histogram.count,
    };
    number += 1;
    writeFileSync(join(directory, `${process.pid}-${number}.json`), JSON.stringify(delays));
    histogram.reset();
  });
}
