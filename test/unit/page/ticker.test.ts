import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTicker, type Listener } from '../../../src/page/ticker.ts';
import { until } from '../../support/until.ts';

const pauseMs = 20;

function countBeats(): Listener<void> & { beats: number; isEnded: boolean } {
  return {
    beats: 0,
    isEnded: false,
    async beat() {
      this.beats += 1;
    },
    end() {
      this.isEnded = true;
    },
  };
}

function countingTicker() {
  const prepared = { count: 0 };
  const ticker = createTicker(
    () => pauseMs,
    async () => {
      prepared.count += 1;
    },
  );
  return { ticker, prepared };
}

test('who comes is told at once, and then again and again', async () => {
  const [first, more] = [countBeats(), countBeats()];
  const leaveFirst = createTicker(
    () => 3_600_000,
    async () => {},
  ).add(first);
  await until(() => first.beats === 1, { what: 'a beat long before the pause is over' });
  const leaveMore = countingTicker().ticker.add(more);
  await until(() => more.beats > 4, { what: 'more beats' });
  leaveFirst();
  leaveMore();
});

test('one beat is for all, however many they are', async () => {
  const { ticker, prepared } = countingTicker();
  const listeners = Array.from({ length: 50 }, countBeats);
  const leaves = listeners.map((listener) => ticker.add(listener));
  const welcomes = prepared.count;
  await until(() => listeners.every(({ beats }) => beats >= 6), { what: 'five shared beats' });
  for (const leave of leaves) leave();
  assert.equal(welcomes, 50);
  assert.ok(prepared.count - welcomes < 10, `${prepared.count - welcomes} beats`);
});

test('nothing runs before somebody comes and after the last one has left', async () => {
  const { ticker, prepared } = countingTicker();
  await sleep(3 * pauseMs);
  assert.equal(prepared.count, 0);
  const leaves = [ticker.add(countBeats()), ticker.add(countBeats())];
  await until(() => prepared.count > 4, { what: 'some beats' });
  for (const leave of leaves) leave();
  const then = prepared.count;
  await sleep(5 * pauseMs);
  assert.ok(prepared.count <= then + 1, 'one that was under way at most');
});

test('who leaves and comes again in one breath gets one beat at a time', async () => {
  const { ticker } = countingTicker();
  const listener = countBeats();
  for (let i = 0; i < 20; i++) {
    ticker.add(listener)();
    await sleep(1);
  }
  const leave = ticker.add(listener);
  const [before, from] = [listener.beats, performance.now()];
  await sleep(10 * pauseMs);
  const max = (performance.now() - from) / pauseMs + 2;
  leave();
  assert.ok(listener.beats - before <= max, `${listener.beats - before} beats`);
});

test('a beat waits for the last one, however slow a listener is', async () => {
  const { ticker } = countingTicker();
  let [running, max, beats] = [0, 0, 0];
  const leave = ticker.add({
    async beat() {
      running += 1;
      max = Math.max(max, running);
      await sleep(2 * pauseMs);
      running -= 1;
      beats += 1;
    },
    end: () => {},
  });
  await until(() => beats >= 4, { what: 'slow beats' });
  leave();
  // The welcome, and the beat of all.
  assert.ok(max <= 2, `${max} at once`);
});

test('a beat that cannot be prepared is left out, and the next one comes', async () => {
  let fails = true;
  const ticker = createTicker(
    () => pauseMs,
    async () => {
      if (fails) throw new Error('forced');
    },
  );
  const listener = countBeats();
  const leave = ticker.add(listener);
  await sleep(3 * pauseMs);
  assert.equal(listener.beats, 0);
  fails = false;
  await until(() => listener.beats > 0, { what: 'a beat' });
  leave();
});

test('at its end everybody is told, and whoever comes later too', () => {
  const { ticker } = countingTicker();
  const [before, after] = [countBeats(), countBeats()];
  ticker.add(before);
  ticker.end();
  ticker.add(after);
  assert.deepEqual([before.isEnded, after.isEnded], [true, true]);
});
