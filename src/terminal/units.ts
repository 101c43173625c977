import { wallClock } from '../lib/local-time/wall-clock.ts';

/** A moment in local time: the time alone if it is of today, else date and time to the minute. */
export function formatMoment(moment: Date, now: Date): string {
  const [date = '', time = ''] = wallClock(moment).toISOString().split('T');
  const [today] = wallClock(now).toISOString().split('T');
  return date === today ? time.slice(0, 8) : `${date} ${time.slice(0, 5)}`;
}

/** A bar of so many characters for a share from 0 to 100 percent; full only for all of it. */
export function drawBar(percent: number, length: number, hasBlocks: boolean): string {
  const [full, empty] = hasBlocks ? ['█', '░'] : ['#', '-'];
  const done = Math.floor((percent / 100) * length);
  return full.repeat(done) + empty.repeat(length - done);
}

/** A length of time in its two greatest units: "7s", "3m 05s", "2h 04m", "5d 03h"; 0s for less. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (number: number) => String(number).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  if (seconds < 86_400) {
    return `${Math.floor(seconds / 3_600)}h ${two(Math.floor(seconds / 60) % 60)}m`;
  }
  return `${Math.floor(seconds / 86_400)}d ${two(Math.floor(seconds / 3_600) % 24)}h`;
}
