import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countEndings, createEndingCounts } from '../../../src/sessions/count-endings.ts';
import { localHost } from '../../../src/sessions/identity.ts';
import { everybody, ofUids } from '../../../src/sessions/scope.ts';
import type { EndOutcome, SessionEnder } from '../../../src/sessions/session-ender.ts';

/** A fake that ends nobody, because its outcomes have to be forced. */
function ending(outcomes: readonly EndOutcome[]): SessionEnder {
  return {
    end: async (identities) =>
      identities.map((identity, index) => ({
        identity,
        session: null,
        outcome: outcomes[index] ?? 'gone',
      })),
  };
}

const identities = [1, 2, 3, 4].map((pid) => ({ host: localHost, pid, startTime: '1' }));

test('each session that was to be ended counts by its outcome, and the answer stays as it was', async () => {
  const ender = ending(['ended', 'remains', 'ended', 'denied']);
  const counts = createEndingCounts();
  const counted = countEndings(ender, counts);
  assert.deepEqual(
    await counted.end(identities, everybody),
    await ender.end(identities, everybody),
  );
  await counted.end(identities.slice(0, 1), ofUids([1001]));
  assert.deepEqual(counts, { ended: 3, killed: 0, remains: 1, gone: 0, denied: 1 });
});

test('an ender that fails counts nothing and fails as it did', async () => {
  const counts = createEndingCounts();
  const failing = { end: () => Promise.reject(new Error('forced')) };
  await assert.rejects(countEndings(failing, counts).end(identities, everybody), /forced/);
  assert.deepEqual(counts, createEndingCounts());
});
