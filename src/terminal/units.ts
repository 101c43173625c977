/** A moment in local time: the time alone if it is of today, else date and time to the minute. */
export function formatMoment(moment: Date, now: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const dayOf = (date: Date) =>
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
  if (dayOf(moment) === dayOf(now)) return `${time}:${two(moment.getSeconds())}`;
  return `${dayOf(moment)} ${time}`;
}

/** A bar of so many characters for a share from 0 to 100 percent; full only for all of it. */
export function drawBar(percent: number, length: number, hasBlocks: boolean): string {
  const [full, empty] = hasBlocks ? ['█', '░'] : ['#', '-'];
  const done = Math.floor((percent / 100) * length);
  return full.repeat(done) + empty.repeat(length - done);
}
