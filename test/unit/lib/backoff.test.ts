import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBackoff } from '../../../src/lib/backoff.ts';

test('the pause doubles from 100 ms to 10 s and stays there', () => {
  const pauseAfter = createBackoff();
  const pauses = Array.from({ length: 10 }, () => pauseAfter(500));
  assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
});

test('who has run for more than a minute begins with the first pause again', () => {
  const pauseAfter = createBackoff();
  for (let count = 0; count < 5; count += 1) pauseAfter(60_000);
  assert.equal(pauseAfter(60_001), 100);
  assert.equal(pauseAfter(500), 200);
});
