import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/until.ts';
import { startPlainNats } from './plain-nats.ts';

const maxPayload = 64 * 1024;

test('parts are so small that a messaging server takes them which takes less than others do', {
  skip: needsSandbox(),
}, async (t) => {
  const { ask, agent } = await startPlainNats(t, ['web1'], (config) => {
    const changed = config.replace(/max_payload: \w+/, `max_payload: ${maxPayload}`);
    assert.notEqual(changed, config);
    return changed;
  });
  let partBytes = 0;
  const web1 = await agent('web1', async () => {
    partBytes = web1.maxPartBytes();
    return [Buffer.alloc(partBytes, '1'), Buffer.alloc(partBytes, '2'), Buffer.from('3')];
  });
  const tooLong = await ask('web1', 20_000, Buffer.alloc(maxPayload + 1));
  assert.deepEqual(tooLong, { kind: 'lost', isUnsent: true }, 'nothing of it has left');
  const result = await until(
    async () => {
      const asked = await ask('web1', 2_000);
      return asked.kind === 'answer' ? asked : null;
    },
    { what: 'web1 answers' },
  );
  assert.deepEqual(
    result.parts.map(({ length }) => length),
    [partBytes, partBytes, 1],
  );
  assert.ok(partBytes > maxPayload / 2 && partBytes < maxPayload, `${partBytes}`);
});
