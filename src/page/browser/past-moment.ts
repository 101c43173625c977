const form = /^(?:(\d{4})-(\d\d)-(\d\d)[T ])?(\d{1,2}):(\d\d)(?::(\d\d))?$/;

/**
 * A moment as a reader writes it, in the reader's own zone: the last 03:12, or 2030-04-23 03:12. As ISO 8601 in
 * UTC; null for what is none.
 */
export function readMoment(text: string, now = new Date()): string | null {
  const match = form.exec(text.trim());
  if (match === null) return null;
  const [year, month, day, hours, minutes, seconds] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  if (hours === undefined || minutes === undefined || seconds === undefined) return null;
  if (hours > 23 || minutes > 59 || seconds > 59) return null;
  const moment = new Date(now);
  if (match[1] !== undefined) moment.setFullYear(year ?? 0, (month ?? 1) - 1, day);
  moment.setHours(hours, minutes, seconds, 0);
  if (match[1] === undefined && moment > now) moment.setDate(moment.getDate() - 1);
  return moment.toISOString();
}
