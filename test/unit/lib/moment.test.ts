import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoment } from '../../../src/lib/moment.ts';

const now = new Date('2026-11-29T12:00:00.000Z');
const local = (text: string) => new Date(text).getTime();

test('a time is so long ago, the last one of a clock, or a date in local time or with its zone', () => {
  for (const [text, moment] of [
    ['30s', now.getTime() - 30_000],
    ['2d', now.getTime() - 2 * 86_400_000],
    ['1w', now.getTime() - 7 * 86_400_000],
    ['2026-11-28', local('2026-11-28T00:00')],
    ['2026-11-28 03:12', local('2026-11-28T03:12')],
    ['2026-11-28T03:12:07', local('2026-11-28T03:12:07')],
    ['2026-11-28T03:12:07.500Z', Date.parse('2026-11-28T03:12:07.500Z')],
    ['2026-11-28T03:12+01:00', Date.parse('2026-11-28T02:12Z')],
  ] as const) {
    assert.equal(parseMoment(text, now), moment, text);
  }
});

test('a clock’s time is today’s, and yesterday’s where that is still to come', () => {
  const noon = new Date(2026, 10, 29, 12, 0, 0);
  assert.equal(parseMoment('03:12', noon), new Date(2026, 10, 29, 3, 12).getTime());
  assert.equal(parseMoment('12:00:01', noon), new Date(2026, 10, 28, 12, 0, 1).getTime());
});

test('what is no time is refused', () => {
  for (const text of [
    '',
    '2',
    '2y',
    '24:00',
    '3:60',
    '2026-13-01',
    '2026-11-28 25:00',
    'now',
    '-2d',
  ]) {
    assert.throws(() => parseMoment(text, now), { name: 'RangeError' }, text);
  }
});
