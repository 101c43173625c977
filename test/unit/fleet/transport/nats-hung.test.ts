import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStopped } from '../../../support/processes.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/until.ts';
import { startPlainNats } from './plain-nats.ts';

test('while the messaging server hangs no host is silent, and while a host hangs no server is lost', {
  skip: needsSandbox(),
}, async (t) => {
  const { nats, ask, agent } = await startPlainNats(t, ['web1', 'web2']);
  await agent('web1', async () => null);
  await agent('web2', async () => [Buffer.from('well')]);
  const kinds = async (...waits: readonly (readonly [host: string, waitMs: number])[]) => {
    const results = await Promise.all(waits.map(([host, waitMs]) => ask(host, waitMs)));
    return results.map(({ kind }) => kind).join();
  };
  const answers = () =>
    until(async () => (await kinds(['web2', 1_000])) === 'answer', { what: 'web2 answers' });
  await answers();
  // Nobody else says anything meanwhile.
  await until(async () => (await kinds(['web1', 50])) === 'silent', { what: 'web1 is silent' });
  await until(async () => (await kinds(['web1', 50], ['web2', 20_000])) === 'silent,answer', {
    what: 'the one is silent and the other answers',
  });

  nats.child.kill('SIGSTOP');
  await until(() => isStopped(nats.child.pid), { what: 'the messaging server is stopped' });
  const begun = performance.now();
  assert.equal(await kinds(['web1', 50], ['web2', 50]), 'lost,lost');
  assert.ok(performance.now() - begun < 10_000);
  nats.child.kill('SIGCONT');
  await answers();
});
