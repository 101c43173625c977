const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes in the largest unit that leaves a whole number: three digits where there is a fraction. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  // What rounds to a thousand is one of the next unit.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** Times for readers in their own zone, the texts being English. */
export interface Times {
  /** The time of day; with the day when it is not today's. "" for what is no time. */
  short(iso: string | null, now?: Date): string;
  /** Day, time and zone. */
  long(iso: string | null): string;
  /** The zone's name: "Europe/Berlin". */
  readonly zone: string;
}

/** The reader's own kind of English, else the international one; the zone is the reader's unless given. */
export function createTimes(language: string, timeZone?: string): Times {
  const locale = /^en\b/.test(language) ? language : 'en-GB';
  const zone = timeZone === undefined ? {} : { timeZone };
  const time = { hour: '2-digit', minute: '2-digit' } as const;
  const day = { day: 'numeric', month: 'short' } as const;
  const timeFormat = new Intl.DateTimeFormat(locale, { ...zone, ...time, second: '2-digit' });
  const dayFormat = new Intl.DateTimeFormat(locale, { ...zone, ...day, ...time });
  const longFormat = new Intl.DateTimeFormat(locale, {
    ...zone,
    dateStyle: 'full',
    timeStyle: 'long',
  });
  const dateFormat = new Intl.DateTimeFormat('sv', zone);
  const valid = (iso: string | null, format: (moment: Date) => string) => {
    const moment = new Date(iso ?? '');
    return Number.isNaN(moment.getTime()) ? '' : format(moment);
  };
  return {
    short: (iso, now = new Date()) =>
      valid(iso, (moment) => {
        const isToday = dateFormat.format(moment) === dateFormat.format(now);
        return (isToday ? timeFormat : dayFormat).format(moment);
      }),
    long: (iso) => valid(iso, (moment) => longFormat.format(moment)),
    zone: timeFormat.resolvedOptions().timeZone,
  };
}
