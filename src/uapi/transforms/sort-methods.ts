import { isIPv4, isIPv6 } from 'node:net';
import { numberOf, textOf } from './row.ts';

/** What rows are ordered by: two of the same kind compare with `<`. */
export type Rank = number | string;

type Method = (value: unknown) => Rank | undefined;

/**
 * Every sort method, as a function from a value to its rank; undefined for a value that the method
 * cannot rank. `ipv_4` is how cPanel's own JavaScript client spells ipv4.
 */
export const sortMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['lexicographic', lexicographic],
  ['numeric', numberOf],
  ['numeric_zero_as_max', zeroAsMax],
  ['ipv4', address],
  ['ipv_4', address],
]);

/**
 * By code point, as Perl's cmp: upper case before lower case, no locale. The order of the UTF-8
 * bytes is that of the code points; UTF-16, which strings compare by, differs from U+E000 on.
 */
function lexicographic(value: unknown): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : Buffer.from(text, 'utf8').toString('latin1');
}

function zeroAsMax(value: unknown): number | undefined {
  const number = numberOf(value);
  return number === 0 ? Number.POSITIVE_INFINITY : number;
}

/** IPv4 addresses by number, then IPv6 addresses by number; other texts have no rank. */
function address(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (isIPv4(value)) return `4${hexOfIPv4(value)}`;
  return isIPv6(value) ? `6${hexOfIPv6(value)}` : undefined;
}

function hexOfIPv4(text: string): string {
  return Buffer.from(text.split('.').map(Number)).toString('hex');
}

/** 32 hex digits. A zone (`%eth0`) does not count; the last four bytes may be in dotted form. */
function hexOfIPv6(text: string): string {
  const groups = text.replace(/%.*$/, '').replace(/[\d.]+\.\d+$/, hexOfIPv4);
  const [head = '', tail = ''] = groups.split('::').map(hexOfGroups);
  return head.padEnd(32 - tail.length, '0') + tail;
}

function hexOfGroups(groups: string): string {
  if (groups === '') return '';
  return groups
    .split(':')
    .map((group) => group.toLowerCase().padStart(4, '0'))
    .join('');
}
