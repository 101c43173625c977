import { momentAt, wallClock } from './local-time/wall-clock.ts';

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const ago = /^(\d{1,6})([smhdw])$/;
const clock = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/;
const date = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * A moment as a person writes it, in ms since the epoch: `2d` ago (s, m, h, d, w); the last `03:12`;
 * `2026-11-29`, which is its midnight, or `2026-11-29 03:12:07`, with `Z` or `+01:00` behind it where
 * it is not local time. Throws RangeError for anything else.
 */
export function parseMoment(text: string, now: Date): number {
  const [, count, unit] = ago.exec(text) ?? [];
  if (unit !== undefined)
    return now.getTime() - Number(count) * unitMs[unit as keyof typeof unitMs];
  const [, hours, minutes, seconds = '0'] = clock.exec(text) ?? [];
  if (hours !== undefined) {
    const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)];
    if (h < 24 && m < 60 && s < 60) return lastClock(now, h, m, s);
  }
  const [, day, time = '00:00', zone = ''] = date.exec(text) ?? [];
  const moment = day === undefined ? Number.NaN : Date.parse(`${day}T${time}${zone || 'Z'}`);
  if (!Number.isNaN(moment)) return zone === '' ? momentAt(new Date(moment)).getTime() : moment;
  const known = '2d (ago; s, m, h, d, w), 03:12 (the last), 2026-11-29, or 2026-11-29 03:12:07';
  throw new RangeError(`${JSON.stringify(text)} is no time; write it as ${known}`);
}

function lastClock(now: Date, h: number, m: number, s: number): number {
  const wall = wallClock(now);
  wall.setUTCHours(h, m, s, 0);
  const moment = momentAt(wall);
  if (moment > now) wall.setUTCDate(wall.getUTCDate() - 1);
  return moment > now ? momentAt(wall).getTime() : moment.getTime();
}
