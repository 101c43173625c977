import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { percentOf, rateBetween, rateSoFar } from '../../../src/sessions/progress.ts';
import { ftpSession } from '../../support/app.ts';

const bytes = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const moment = fc.nat({ max: 4_000_000_000_000 });

test('percent goes from 0 to 100, has one decimal, and says 100 for the whole file alone', () => {
  const examples: [moved: number, total: number, percent: number][] = [
    [0, 1000, 0],
    [1, 1000, 0.1],
    [503, 1000, 50.3],
    [9_999, 10_000, 99.9],
    [10_000, 10_000, 100],
    [12_000, 10_000, 100],
    [0, 0, 100],
  ];
  for (const [moved, total, percent] of examples) assert.equal(percentOf(moved, total), percent);
  fc.assert(
    fc.property(bytes, bytes, (moved, total) => {
      const percent = percentOf(moved, total);
      assert.ok(percent !== null && percent >= 0 && percent <= 100);
      assert.ok(/^\d+(\.\d)?$/.test(String(percent)), String(percent));
      assert.equal(percent === 100, moved >= total);
    }),
  );
});

test('percent is not known without both numbers', () => {
  fc.assert(
    fc.property(fc.option(bytes), (known) => {
      assert.equal(percentOf(known, null), null);
      assert.equal(percentOf(null, known), null);
    }),
  );
});

test('percent never goes back while a transfer goes on', () => {
  fc.assert(
    fc.property(bytes, bytes, bytes, (a, b, total) => {
      const [first, second] = [percentOf(Math.min(a, b), total), percentOf(Math.max(a, b), total)];
      assert.ok(first !== null && second !== null && first <= second);
    }),
  );
});

test('a rate is whole bytes a second over five seconds or more, and never negative', () => {
  assert.equal(rateBetween({ at: 0, bytesMoved: 0 }, { at: 5000, bytesMoved: 1000 }), 200);
  assert.equal(rateBetween({ at: 0, bytesMoved: 0 }, { at: 4999, bytesMoved: 1000 }), null);
  const point = fc.record({ at: moment, bytesMoved: bytes });
  fc.assert(
    fc.property(point, point, (from, to) => {
      const rate = rateBetween(from, to);
      assert.equal(rate === null, to.at - from.at < 5000);
      assert.ok(rate === null || (Number.isInteger(rate) && rate >= 0));
    }),
  );
});

test('a rate over the transfer leaves out what REST skipped, and its first five seconds', () => {
  const session = ftpSession({
    state: 'download',
    bytesMoved: 550_000,
    bytesSkipped: 500_000,
    transferStartedAt: 100,
  });
  const at = (ms: number) => ({ at: ms, bytesMoved: 550_000 });
  assert.equal(rateSoFar(session, at(105_499)), null);
  // It began at 100 and something: half a second in the middle.
  assert.equal(rateSoFar(session, at(105_500)), 10_000);
  for (const unknown of ['bytesSkipped', 'transferStartedAt'] as const) {
    assert.equal(rateSoFar({ ...session, [unknown]: null }, at(105_500)), null);
  }
});

test('a rate over the transfer is off by an eighth at most, whenever in its second it began', () => {
  const fraction = fc.nat({ max: 999 });
  fc.assert(
    fc.property(fraction, fc.integer({ min: 5500, max: 60_000 }), (beganMs, lookedMs) => {
      const bytesMoved = lookedMs - beganMs;
      const session = ftpSession({
        state: 'upload',
        bytesMoved,
        bytesSkipped: 0,
        transferStartedAt: 1_000,
      });
      const rate = rateSoFar(session, { at: 1_000_000 + lookedMs, bytesMoved });
      assert.ok(rate !== null && rate > 875 && rate < 1125, String(rate));
    }),
  );
});
