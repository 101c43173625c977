import { localZone } from './local-zone.ts';
import type { Zone } from './zone.ts';

const dayMs = 86_400_000;

/** A Date whose fields in UTC are what a clock on this host’s wall shows at a moment. */
export function wallClock(moment: Date, zone: Zone = localZone()): Date {
  const ms = moment.getTime();
  return new Date(ms + zone.offsetAt(Math.floor(ms / 1_000)) * 1_000);
}

/**
 * The moment at which the clock on the wall shows what the fields in UTC of `wall` are. Of a time that
 * comes twice in a night it is the first; one that a night leaves out counts on from before.
 */
export function momentAt(wall: Date, zone: Zone = localZone()): Date {
  const ms = wall.getTime();
  const offsetMs = (at: number) => zone.offsetAt(Math.floor(at / 1_000)) * 1_000;
  const before = ms - offsetMs(ms - dayMs);
  const after = ms - offsetMs(ms + dayMs);
  const found = [before, after]
    .filter((at) => at + offsetMs(at) === ms)
    .sort((one, other) => one - other);
  return new Date(found[0] ?? before);
}
