import { readFileSync } from 'node:fs';

/*
 * A FAKE of the system's clock, to be imported before the program: what it says of the time of day
 * is off by the seconds that a file holds by then. The monotonic clock goes
 * on as before, as the kernel's does when somebody sets the time (clock_gettime(2)).
 */

const file = new URL(import.meta.url).searchParams.get('offset') ?? '';
const RealDate = Date;

function now(): number {
  return RealDate.now() + Number(readFileSync(file, 'utf8')) * 1000;
}

class JumpingDate extends RealDate {
  constructor(...given: unknown[]) {
    super(...((given.length === 0 ? [now()] : given) as [number]));
  }
  static override now(): number {
    return now();
  }
}
globalThis.Date = JumpingDate as DateConstructor;
