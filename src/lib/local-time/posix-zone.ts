import type { Zone } from './zone.ts';

const hour = 3_600;
const day = 24 * hour;

/** From which moment of a year on a rule holds: a day, and seconds after its midnight by the wall. */
interface Rule {
  readonly dayOf: (year: number) => number;
  readonly time: number;
}

const name = '(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)';
const time = String.raw`([+-]?)(\d{1,3})(?::(\d{1,2}))?(?::(\d{1,2}))?`;
const standard = new RegExp(`^${name}${time}`);
const summer = new RegExp(`^${name}(?:${time})?`);
const rule = new RegExp(String.raw`^,(?:J(\d{1,3})|M(\d{1,2})\.(\d)\.(\d)|(\d{1,3}))(?:/${time})?`);

/** The C library's where a zone with summer time has no rules: those of the United States. */
const defaultRules = ',M3.2.0,M11.1.0';

/**
 * A zone in the form of POSIX ("CET-1CEST,M3.5.0,M10.5.0/3"; the standard's chapter 8.3, with the hours
 * of RFC 9636, section 3.3.1), as the C library takes one: a standard time whose summer time cannot be
 * understood holds for all of the year, and what begins with no zone is null.
 */
export function parsePosixZone(text: string): Zone | null {
  const first = standard.exec(text);
  if (first === null) return null;
  const base = -secondsOf(first, 1, 24);
  const always = { offsetAt: () => base };
  const rest = text.slice(first[0].length);
  const second = summer.exec(rest);
  if (second === null) return always;
  const other = second[2] === undefined ? base + hour : -secondsOf(second, 1, 24);
  const rules = rest.slice(second[0].length);
  const begin = parseRule(/^,?$/.test(rules) ? defaultRules : rules);
  const end = begin === null ? null : parseRule(begin.rest);
  if (begin === null || end === null) return always;
  return { offsetAt: (at) => (isSummer(at, base, other, begin.rule, end.rule) ? other : base) };
}

/** Of "+01:30:00" in a match whose group `from` is the sign. The C library takes no greater parts. */
function secondsOf(match: RegExpExecArray, from: number, maxHours: number): number {
  const [sign, hours, minutes = '0', seconds = '0'] = match.slice(from, from + 4);
  const length =
    Math.min(Number(hours), maxHours) * hour +
    Math.min(Number(minutes), 59) * 60 +
    Math.min(Number(seconds), 59);
  return sign === '-' ? -length : length;
}

function parseRule(text: string): { readonly rule: Rule; readonly rest: string } | null {
  const match = rule.exec(text);
  if (match === null) return null;
  const dayOf = parseDay(match);
  if (dayOf === null) return null;
  const seconds = match[7] === undefined ? 2 * hour : secondsOf(match, 6, 167);
  return { rule: { dayOf, time: seconds }, rest: text.slice(match[0].length) };
}

/** Gives days since the epoch of a year. */
function parseDay([, julian, month, week, weekday, ordinal]: RegExpExecArray):
  | Rule['dayOf']
  | null {
  if (julian !== undefined) {
    const number = Number(julian);
    if (number < 1 || number > 365) return null;
    // Of 365 days; the 29th of February is never counted.
    return (year) => firstDay(year) + number - 1 + (isLeap(year) && number >= 60 ? 1 : 0);
  }
  if (ordinal !== undefined) {
    const number = Number(ordinal);
    return number > 365 ? null : (year) => firstDay(year) + number;
  }
  const [m, w, d] = [Number(month), Number(week), Number(weekday)];
  if (m < 1 || m > 12 || w < 1 || w > 5 || d > 6) return null;
  return (year) => weekdayOf(year, m, w, d);
}

/** The nth such weekday of a month; the fifth is its last. */
function weekdayOf(year: number, month: number, week: number, weekday: number): number {
  const first = Date.UTC(year, month - 1, 1) / 1_000 / day;
  const next = Date.UTC(year, month, 1) / 1_000 / day;
  // 1970-01-01 was a Thursday.
  const found = first + ((weekday - ((first + 4) % 7) + 7) % 7) + (week - 1) * 7;
  return found < next ? found : found - 7;
}

function isSummer(at: number, base: number, other: number, begin: Rule, end: Rule): boolean {
  // Of UTC, as the C library does it, which is seen where a zone changes around New Year alone.
  const year = new Date(at * 1_000).getUTCFullYear();
  // The wall shows standard time when summer begins, and summer time when it ends.
  const from = begin.dayOf(year) * day + begin.time - base;
  const to = end.dayOf(year) * day + end.time - other;
  // South of the equator summer goes over the end of the year.
  return from < to ? at >= from && at < to : at >= from || at < to;
}

function firstDay(year: number): number {
  return Date.UTC(year, 0, 1) / 1_000 / day;
}

function isLeap(year: number): boolean {
  return new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1;
}
