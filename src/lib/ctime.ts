import { wallClock } from './local-time/wall-clock.ts';

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/**
 * A moment as C's ctime(3) writes it, in local time: "Tue Apr  7 16:23:23 2020", the day padded
 * with a space, without the newline.
 */
export function formatCtime(moment: Date): string {
  const local = wallClock(moment);
  const day = String(local.getUTCDate()).padStart(2, ' ');
  const time = local.toISOString().slice(11, 19);
  return `${days[local.getUTCDay()]} ${months[local.getUTCMonth()]} ${day} ${time} ${local.getUTCFullYear()}`;
}
