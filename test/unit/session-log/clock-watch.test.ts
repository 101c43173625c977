import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClockWatch } from '../../../src/session-log/clock-watch.ts';

test('a clock that is set is told once, forward and back, and one that goes on is not', () => {
  let [wall, steady] = [1_000_000, 5_000];
  const jump = createClockWatch({ wall: () => wall, steady: () => steady });
  const pass = (ms: number) => {
    wall += ms;
    steady += ms;
  };
  pass(86_400_000);
  assert.equal(jump(), null);
  wall += 1_900;
  assert.equal(jump(), null);
  pass(10);
  wall += 60_000;
  assert.deepEqual(jump(), { since: wall - 61_900, at: wall });
  assert.equal(jump(), null);
  pass(10);
  wall -= 3_600_000;
  assert.deepEqual(jump(), { since: wall, at: wall + 3_600_000 });
  assert.equal(jump(), null);
});
