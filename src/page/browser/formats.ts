/** The units' signs, from bytes on in steps of a thousand. */
const internationalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes in the largest unit that leaves a whole number: three digits where there is a fraction. */
export function formatBytes(
  bytes: number,
  locale = 'en',
  units: readonly string[] = internationalUnits,
): string {
  let [value, unit] = [bytes, 0];
  // What rounds to a thousand is one of the next unit.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  const options = {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
  };
  return `${new Intl.NumberFormat(locale, options).format(value)} ${units[unit]}`;
}

const durationUnits = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** Seconds in their two largest units: "2h 13m". */
export function formatDuration(
  seconds: number,
  locale: string,
  unitDisplay: 'narrow' | 'long' = 'narrow',
): string {
  const from = Math.max(
    0,
    durationUnits.findIndex(([, size]) => seconds >= size),
  );
  const first = seconds < 1 ? durationUnits.length - 1 : from;
  let rest = Math.max(0, Math.floor(seconds));
  const parts = durationUnits.slice(first, first + 2).map(([unit, size]) => {
    const value = Math.floor(rest / size);
    rest -= value * size;
    const format = new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay });
    return { value, text: format.format(value) };
  });
  const told = parts.filter(({ value }, index) => index === 0 || value > 0);
  return told.map(({ text }) => text).join(' ');
}

/** Times for readers in their own zone and language. */
export interface Times {
  /** The time of day; with the day when it is not today's. "" for what is no time. */
  short(iso: string | null, now?: Date): string;
  /** Day, time and zone. */
  long(iso: string | null): string;
  /** The zone's name: "Europe/Berlin". */
  readonly zone: string;
}

/** The zone is the reader's unless given. */
export function createTimes(locale: string, timeZone?: string): Times {
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
