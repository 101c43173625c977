/** Two times between which the system's clock was set, in ms since the epoch, the earlier first. */
export interface ClockJump {
  readonly since: number;
  readonly at: number;
}

export interface Clocks {
  /** The time on the wall, which can be set; in ms since the epoch. */
  readonly wall: () => number;
  /** One that only goes on, in ms. */
  readonly steady: () => number;
}

/** What slewing (adjtimex(2)) makes of both alike is nothing; times in the log are exact to a second or two. */
const toleranceMs = 2_000;

/**
 * Tells, each time that it is asked, whether the clock was set since the last time: forward, back, or as
 * the machine slept. Times from before and after that are not to be compared.
 */
export function createClockWatch({
  wall = Date.now,
  steady = () => performance.now(),
}: Partial<Clocks> = {}): () => ClockJump | null {
  let last = wall() - steady();
  return () => {
    const now = wall();
    const offset = now - steady();
    const jumped = offset - last;
    if (Math.abs(jumped) <= toleranceMs) return null;
    last = offset;
    const before = now - jumped;
    return { since: Math.min(before, now), at: Math.max(before, now) };
  };
}
