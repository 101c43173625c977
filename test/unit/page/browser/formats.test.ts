import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTimes, formatBytes, formatDuration } from '../../../../src/page/browser/formats.ts';

const bytes: [number, string][] = [
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [9_994, '9.99 kB'],
  [9_996, '10.0 kB'],
  [99_949, '99.9 kB'],
  [99_951, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.00 MB'],
  [61_440_000, '61.4 MB'],
  [3_200_000_000, '3.20 GB'],
  [7e21, '7000000 PB'],
];
test('bytes have three digits and the largest unit that fits', () => {
  for (const [value, text] of bytes) assert.equal(formatBytes(value), text);
});

test('bytes have the reader’s decimal sign and the language’s units', () => {
  assert.equal(formatBytes(61_440_000, 'de'), '61,4 MB');
  assert.equal(formatBytes(1_500, 'fr', ['o', 'ko']), '1,50 ko');
});

const durations: [number, string][] = [
  [-3, '0s'],
  [0, '0s'],
  [59.9, '59s'],
  [60, '1m'],
  [252, '4m 12s'],
  [3_600, '1h'],
  [8_005, '2h 13m'],
  [90_061, '1d 1h'],
];
test('a duration has its two largest units', () => {
  for (const [seconds, expected] of durations) {
    assert.equal(formatDuration(seconds, 'en'), expected);
  }
  assert.equal(formatDuration(120, 'en', 'long'), '2 minutes');
  assert.match(formatDuration(3_660, 'de', 'long'), /^1 Stunde 1 Minute$/);
});

const now = new Date('2030-11-23T23:30:00Z');

test('a time is the reader’s time of day, with the day when it is not today there', () => {
  const berlin = createTimes('en-GB', 'Europe/Berlin');
  assert.equal(berlin.short('2030-11-23T23:15:04Z', now), '00:15:04');
  assert.equal(berlin.short('2030-11-23T22:15:04Z', now), '23 Nov, 23:15');
  const kolkata = createTimes('en-GB', 'Asia/Kolkata');
  assert.equal(kolkata.short('2030-11-23T22:15:04Z', now), '03:45:04');
  assert.match(kolkata.zone, /^Asia\/(?:Kolkata|Calcutta)$/);
});

test('an American reader gets American times, and a German one German ones', () => {
  const american = createTimes('en-US', 'UTC').short('2030-11-23T22:15:04Z', now);
  assert.match(american, /^10:15:04\sPM$/);
  const german = createTimes('de-AT', 'UTC');
  assert.equal(german.short('2030-11-23T22:15:04Z', now), '22:15:04');
  assert.match(german.long('2030-11-23T22:15:04Z'), /^Samstag, 23\. November 2030/);
});

test('the long form names day and zone', () => {
  const text = createTimes('en-GB', 'Europe/Berlin').long('2030-11-23T22:15:04Z');
  assert.match(text, /Saturday.*23 November 2030.*23:15:04 CET/);
});

test('what is no time is left out', () => {
  const times = createTimes('en-GB', 'UTC');
  assert.deepEqual([times.short(''), times.long('soon')], ['', '']);
});
