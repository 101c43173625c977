import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { inLanes } from './lanes.ts';

test('each item is done once, in order, and never more at a time than there are lanes', async () => {
  const begun: number[] = [];
  let [now, max] = [0, 0];
  const job = async (item: number) => {
    begun.push(item);
    max = Math.max(max, ++now);
    await turn();
    now -= 1;
  };
  await inLanes([5, 3, 4, 1], 2, job, new AbortController().signal);
  assert.deepEqual(begun, [5, 3, 4, 1]);
  assert.deepEqual([now, max], [0, 2]);
});

test('after an abort nothing begins, and what runs is waited for', async () => {
  const interruption = new AbortController();
  const ended: number[] = [];
  const job = async (item: number) => {
    interruption.abort();
    await turn();
    ended.push(item);
  };
  await inLanes([1, 2, 3], 1, job, interruption.signal);
  assert.deepEqual(ended, [1]);
});
