import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createSampleWeights,
  createSleepCount,
  parseActivity,
  parseWaitedMs,
  readActivity,
  readWaitedMs,
} from '../../../src/scanner/sleep.ts';

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

test('a sample counts with the part of it in which the process did not wait for the processor', () => {
  const weights = createSampleWeights();
  assert.equal(weights.add(500, 1_000), 1, 'nothing before it to tell by');
  assert.equal(weights.add(575, 1_100), 0.25);
  assert.equal(weights.add(575, 1_200), 1, 'it sleeps or works');
  assert.equal(weights.add(672, 1_300), 0.1, 'never less: it has its bound');
  weights.reset();
  assert.equal(weights.add(0, 1_400), 1, 'another process');
  assert.equal(weights.add(0, 1_500), 1, 'a kernel that does not count');
  assert.equal(weights.add(null, 1_600), 1);
  assert.equal(weights.add(90, 1_700), 1, 'nothing is known of the time before');
});

test('a wait that the kernel tells of after several samples is taken off the next ones', () => {
  const weights = createSampleWeights();
  let total = 0;
  // Ten samples, of which it has waited five.
  for (const [sample, waitedMs] of [0, 0, 0, 300, 300, 500, 500, 500, 500, 500, 500].entries()) {
    const weight = weights.add(waitedMs, sample * 100);
    if (sample > 0) total += weight;
  }
  assert.ok(Math.abs(total - 5) < 1e-9, `${total}`);
});

test('the time of waiting for the processor is read from the system', () => {
  assert.equal(parseWaitedMs('7000000 2500000 4\n'), 2.5);
  for (const text of ['', '1 2\n', '1 -2 3\n', 'a b c\n'])
    assert.equal(parseWaitedMs(text), null, text);
  assert.ok((readWaitedMs(process.pid) ?? -1) >= 0);
  assert.equal(readWaitedMs(2 ** 31 - 1), null);
});
