import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idle, now } from './log.ts';
import { createVisitorsLog } from './visitors-log.ts';

const fact = { kind: 'doing', activity: idle } as const;

test('a change lasts from before its cause until its effect was seen', () => {
  const log = createVisitorsLog();
  const before = now();
  const open = log.open(7);
  open.close(fact);
  open.close(fact);
  const after = now();
  const { changes } = log.take();
  assert.equal(changes.length, 1);
  const [change] = changes;
  assert.ok(change !== undefined && before <= change.from && change.to <= after);
  assert.deepEqual([change.session, change.fact], [7, fact]);
  assert.deepEqual(log.take().changes, []);
});

test('is complete only up to the first change that is not done', () => {
  const log = createVisitorsLog();
  const first = log.open(1);
  const afterFirst = now();
  log.open(2).close(fact);
  assert.ok(log.take().completeUntil < afterFirst);
  first.close(fact);
  const beforeTaking = now();
  assert.ok(log.take().completeUntil >= beforeTaking);
});
