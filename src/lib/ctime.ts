const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/**
 * A moment as C's ctime(3) writes it, in local time: "Tue Apr  7 16:23:23 2020", the day padded
 * with a space, without the newline.
 */
export function formatCtime(moment: Date): string {
  const day = String(moment.getDate()).padStart(2, ' ');
  const time = [moment.getHours(), moment.getMinutes(), moment.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  return `${days[moment.getDay()]} ${months[moment.getMonth()]} ${day} ${time} ${moment.getFullYear()}`;
}
