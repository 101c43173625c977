import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseBeforeAgain } from '../../../../src/fleet/gateway/busy-pause.ts';

test('a busy host is asked again four times over less than 0.4 s, and never without time to answer', () => {
  const pauses = [0, 1, 2, 3, 4].map((times) => pauseBeforeAgain(times, 9_000));
  assert.deepEqual(pauses, [25, 50, 100, 200, null]);
  assert.deepEqual(
    [pauseBeforeAgain(3, 211), pauseBeforeAgain(3, 210), pauseBeforeAgain(0, -1)],
    [200, null, null],
  );
});
