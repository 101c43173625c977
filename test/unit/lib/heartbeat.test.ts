import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startHeartbeat } from '../../../src/lib/heartbeat.ts';
import { until } from '../../support/until.ts';

/** A heartbeat by a clock of the test's own. */
function start(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const counts = { asked: 0, silences: 0 };
  const heartbeat = startHeartbeat({
    ask: () => {
      counts.asked += 1;
    },
    onSilence: () => {
      counts.silences += 1;
    },
    everyMs: 1000,
    maxUnanswered: 3,
  });
  return { counts, heartbeat };
}

test('who answers is asked on and on, and is never silent', (t) => {
  const { counts, heartbeat } = start(t);
  for (let i = 0; i < 100; i += 1) {
    heartbeat.beat();
    assert.equal(heartbeat.isAlive(), true);
    t.mock.timers.tick(1000);
  }
  assert.deepEqual(counts, { asked: 101, silences: 0 });
});

test('who leaves three questions unanswered is told of then, and not before', (t) => {
  const { counts, heartbeat } = start(t);
  t.mock.timers.tick(2999);
  assert.deepEqual(counts, { asked: 3, silences: 0 });
  assert.equal(heartbeat.isAlive(), false);
  t.mock.timers.tick(1);
  assert.deepEqual(counts, { asked: 3, silences: 1 });
});

// By the real clock: a simulated interval that is cleared by its own function goes on.
test('silence is told of once, and after it nothing is asked', async () => {
  const counts = { asked: 0, silences: 0, later: 0 };
  startHeartbeat({
    ask: () => {
      counts.asked += 1;
    },
    onSilence: () => {
      counts.silences += 1;
    },
    everyMs: 2,
    maxUnanswered: 3,
  });
  await until(() => counts.silences > 0, { what: 'it is told of' });
  const timer = setInterval(() => {
    counts.later += 1;
  }, 2);
  await until(() => counts.later >= 10, { what: 'ten intervals have gone by' });
  clearInterval(timer);
  assert.deepEqual(counts, { asked: 3, silences: 1, later: counts.later });
});

test('one answer makes up for all questions before it', (t) => {
  const { counts, heartbeat } = start(t);
  t.mock.timers.tick(2999);
  heartbeat.beat();
  assert.equal(heartbeat.isAlive(), true);
  t.mock.timers.tick(3000);
  assert.equal(counts.silences, 0);
  t.mock.timers.tick(1000);
  assert.equal(counts.silences, 1);
});

test('once stopped it asks nobody, tells nothing and feels nothing', (t) => {
  const { counts, heartbeat } = start(t);
  heartbeat.stop();
  assert.equal(heartbeat.isAlive(), false);
  t.mock.timers.tick(60_000);
  assert.deepEqual(counts, { asked: 1, silences: 0 });
});
