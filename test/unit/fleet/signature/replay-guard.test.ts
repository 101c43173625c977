import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReplayGuard } from '../../../../src/fleet/signature/replay-guard.ts';

test('a number counts once for each gateway', () => {
  const guard = createReplayGuard();
  assert.ok(guard.isNew('gw1', 'a'));
  assert.ok(!guard.isNew('gw1', 'a'));
  assert.ok(guard.isNew('gw2', 'a'));
});

test('the newest numbers of a gateway are remembered, and no more than those', () => {
  const guard = createReplayGuard(3);
  assert.ok(guard.isNew('gw2', '0'));
  for (const each of ['0', '1', '2', '3']) assert.ok(guard.isNew('gw1', each));
  for (const each of ['1', '2', '3']) assert.ok(!guard.isNew('gw1', each));
  assert.ok(guard.isNew('gw1', '0'), 'the oldest is forgotten');
  assert.ok(!guard.isNew('gw2', '0'), 'another gateway forgets nothing by that');
});
