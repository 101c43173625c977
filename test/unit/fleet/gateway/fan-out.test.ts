import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCloneWatch } from '../../../../src/fleet/gateway/clones.ts';
import { createFanOut } from '../../../../src/fleet/gateway/fan-out.ts';
import { createHostRecords } from '../../../../src/fleet/gateway/host-records.ts';
import { createKnownAnswers } from '../../../../src/fleet/gateway/known-answers.ts';
import { questionKey } from '../../../../src/fleet/messages/ask.ts';

test('a host that its transport does not ask has not answered just now', async () => {
  const records = createHostRecords();
  const fanOut = createFanOut({
    gateway: 'gw1',
    // As a transport does for a host that has sent more than it was asked for.
    transport: {
      ask: async () => ({ kind: 'shut-out' }),
      problem: () => null,
      close: async () => {},
    },
    sign: async () => 'a'.repeat(86),
    known: createKnownAnswers(),
    records,
    clones: createCloneWatch(),
  });
  const question = { users: null, details: false };
  const [outcome] = fanOut([{ host: 'web1', question, key: questionKey(question) }]).values();
  assert.equal((await outcome)?.kind, 'malformed');
  assert.equal(records.of('web1').answeredAt, null);
});
