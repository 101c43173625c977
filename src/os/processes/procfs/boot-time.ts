import { uptime } from 'node:os';
import { orNull, readProcFile } from './read-file.ts';

/** The clocks of a machine, in milliseconds. */
interface Clocks {
  /** Since the epoch (CLOCK_REALTIME). */
  readonly now: () => number;
  /** Since boot, without the time in which the machine was suspended (CLOCK_MONOTONIC). */
  readonly monotonicMs: () => number;
}

const ofThisMachine: Clocks = {
  now: () => Date.now(),
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
};

/** The clock is seldom set, and processes are read by the thousand. */
const intervalMs = 1_000;

/** What two reckonings of one time may differ by; a clock that was set by more counts. */
const sameMs = 25;

/** What a machine that was never suspended may show as such: the clocks are read one after the other. */
const notSuspendedMs = 50;

/**
 * Tells when the machine was booted, in milliseconds since the epoch, so that the start of a process is
 * so many ticks later (proc(5), starttime). It is reckoned anew now and then, since the clock can be
 * set, and stays the same while it is not: a session is not to begin in another second each time.
 *
 * The line "btime" of /proc/stat tells it in whole seconds only, which makes every start up to a second
 * too early; and where a container has that file from somebody else (lxcfs) it is when the container
 * began, and starts would lie in the future.
 */
export function createBootTime(root: string, clocks = ofThisMachine): () => number {
  let known: number | null = null;
  let reckonedAt = Number.NEGATIVE_INFINITY;
  return () => {
    const at = clocks.monotonicMs();
    if (known !== null && at - reckonedAt < intervalMs) return known;
    reckonedAt = at;
    const reckoned = Math.floor(monotonicStartMs(clocks) - suspendedMs(root, clocks));
    if (known === null || Math.abs(reckoned - known) > sameMs) known = reckoned;
    return known;
  };
}

/** When CLOCK_MONOTONIC was 0, which is the boot but for what the machine was suspended since. */
function monotonicStartMs({ now, monotonicMs }: Clocks): number {
  let best = { start: 0, takenMs: Number.POSITIVE_INFINITY };
  // Until nothing else has run between the readings.
  for (let times = 0; times < 10 && best.takenMs > 1; times += 1) {
    const before = monotonicMs();
    const start = now() - monotonicMs();
    const takenMs = monotonicMs() - before;
    if (takenMs < best.takenMs) best = { start, takenMs };
  }
  return best.start;
}

/**
 * How long the machine was suspended, in milliseconds, rather too much than too little: by so much the
 * time since boot, in which the kernel tells starts (CLOCK_BOOTTIME), is ahead. One that is behind is of
 * something that was begun later, a container's by lxcfs.
 */
function suspendedMs(root: string, { monotonicMs }: Clocks): number {
  const before = monotonicMs();
  const { sinceBootMs, stepMs } = readUptime(root);
  const after = monotonicMs();
  const aheadMs = sinceBootMs - after;
  return aheadMs > notSuspendedMs ? aheadMs + stepMs + (after - before) : 0;
}

/**
 * The time since boot, cut to a step. Of a /proc that is mounted with subset=pid (proc(5)) it is not to
 * be had, and os.uptime() asks the clock for its seconds (libuv, uv_uptime).
 */
function readUptime(root: string): { readonly sinceBootMs: number; readonly stepMs: number } {
  const bytes = orNull(() => readProcFile(`${root}/uptime`));
  const stated = bytes === null ? null : parseUptime(bytes.toString('latin1'));
  return stated === null
    ? { sinceBootMs: uptime() * 1_000, stepMs: 1_000 }
    : { sinceBootMs: stated, stepMs: 10 };
}

/**
 * Reads the time since boot from the text of /proc/uptime ("SECONDS.HH SECONDS.HH", the first being it),
 * in milliseconds. Returns null for a text of another form.
 */
export function parseUptime(text: string): number | null {
  const [, seconds, hundredths] = /^(\d{1,12})\.(\d\d) /.exec(text) ?? [];
  return seconds === undefined ? null : Number(seconds) * 1_000 + Number(hundredths) * 10;
}
