import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { needsSandbox } from '../../support/sandbox.ts';
import { fleetSummary } from './report.ts';
import { runFleetSoak } from './run-fleet-soak.ts';

/** The short form of `npm run soak -- --fleet`: everything happens at least once. */
test('rows and named servers together are the truth while hosts, agents and the messaging server fail', {
  skip: needsSandbox(),
}, async (t) => {
  const result = await runFleetSoak({
    seconds: 5,
    clients: 6,
    seed: randomInt(2 ** 31),
    minRows: 200,
    pauseMs: 250,
    calmMs: 1_000,
  });
  t.diagnostic(fleetSummary(result));
  assert.deepEqual(result.faults, [], fleetSummary(result));
  assert.ok(result.rows >= 200 && result.named > 0, fleetSummary(result));
});
