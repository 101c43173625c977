import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatCtime } from '../../../src/lib/ctime.ts';

test('a time is written as ctime(3) writes it in the local time zone', () => {
  const original = process.env['TZ'];
  try {
    process.env['TZ'] = 'America/New_York';
    assert.equal(formatCtime(new Date('2020-04-07T20:03:05Z')), 'Tue Apr  7 16:03:05 2020');
    assert.equal(formatCtime(new Date('2020-12-23T21:23:23Z')), 'Wed Dec 23 16:23:23 2020');
    process.env['TZ'] = 'Asia/Kolkata';
    assert.equal(formatCtime(new Date('2020-04-07T20:03:05Z')), 'Wed Apr  8 01:33:05 2020');
  } finally {
    if (original === undefined) delete process.env['TZ'];
    else process.env['TZ'] = original;
  }
});

test('a time reads the same as date(1) prints it in the form of ctime', () => {
  const seconds = [0, 951_782_399, 1_587_651_803, 1_772_323_200, 4_102_444_799];
  for (const at of seconds) {
    const expected = execFileSync('date', ['-d', `@${at}`, '+%a %b %e %T %Y'], {
      env: { ...process.env, LC_ALL: 'C' },
      encoding: 'utf8',
    }).trimEnd();
    assert.equal(formatCtime(new Date(at * 1000)), expected);
  }
});

test('every time has 24 characters and reads back as the same second', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_799 }), (seconds) => {
      const text = formatCtime(new Date(seconds * 1000));
      assert.match(text, /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/);
      // A wall-clock time that occurs twice at the end of summer time reads as its first.
      assert.ok([0, 3600].includes(Math.abs(Date.parse(text) / 1000 - seconds)));
    }),
  );
});
