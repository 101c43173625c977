import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSleepCount, parseActivity, readActivity } from '../../../src/scanner/sleep.ts';

const stat = (state: string, user: number, system: number) =>
  `42 (a) b (c) ${state} 1 42 42 0 -1 4194560 900 0 0 0 ${user} ${system} 0 0 20 0 1 0 100 0 0`;

test('state and processor time are found behind a name with brackets and spaces', () => {
  assert.deepEqual(parseActivity(stat('S', 7, 5)), { state: 'S', cpuTicks: 12 });
  for (const text of ['', '42 (a)', '42 (a) S 1', stat('?', 1, 1)]) {
    assert.equal(parseActivity(text), null, text);
  }
});

test('a process is read from the system, and one that is none is null', () => {
  assert.match(readActivity(process.pid)?.state ?? '', /^[RS]$/);
  assert.equal(readActivity(2 ** 31 - 1), null);
});

test('only samples of one sleep in a row count', () => {
  const count = createSleepCount();
  const add = (state: string, cpuTicks: number) => count.add({ state, cpuTicks });
  assert.deepEqual([add('S', 3), add('D', 3), add('S', 3)], [1, 2, 3]);
  assert.equal(add('S', 4), 1, 'it has worked in between');
  assert.equal(add('R', 4), 0);
  assert.equal(add('S', 4), 1, 'the sleep before it ran is another one');
  assert.equal(add('T', 4), 0, 'a stopped process does not hang: whoever stopped it can go on');
  assert.equal(count.add(null), 0);
  assert.deepEqual([add('S', 4), add('S', 4)], [1, 2]);
  count.reset();
  assert.equal(add('S', 4), 1);
});
