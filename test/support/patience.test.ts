import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPatience } from './patience.ts';

/** A clock and a starvation that the test sets. */
function patienceOf(timeoutMs: number) {
  const state = { now: 1_000, starved: 500 };
  const source = { now: () => state.now, starved: () => state.starved };
  const { isOver } = startPatience(timeoutMs, source);
  return (elapsed: number, starved: number) => {
    Object.assign(state, { now: 1_000 + elapsed, starved: 500 + starved });
    return isOver();
  };
}

test('on an idle machine a wait is as long as it was given', () => {
  const isOverAfter = patienceOf(100);
  assert.deepEqual([isOverAfter(99, 0), isOverAfter(100, 0)], [false, true]);
});

test('time in which processes wait for a processor does not count', () => {
  const isOverAfter = patienceOf(100);
  assert.deepEqual([isOverAfter(150, 60), isOverAfter(150, 50)], [false, true]);
});

test('where processes wait all the time a wait ends too', () => {
  const isOverAfter = patienceOf(100);
  assert.deepEqual([isOverAfter(1_199, 1_199), isOverAfter(1_200, 1_200)], [false, true]);
});
