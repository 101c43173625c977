import assert from 'node:assert/strict';
import { test } from 'node:test';
import { natsConfig } from '../../../../src/fleet/nats-config.ts';
import { createNatsAgent } from '../../../../src/fleet/transport/nats-agent.ts';
import { createNatsGateway } from '../../../../src/fleet/transport/nats-gateway.ts';
import { startNats } from '../../../support/nats/nats-server.ts';
import { newKey } from '../../../support/new-fleet-key.ts';
import { isStopped } from '../../../support/processes.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/until.ts';

const reports = { onProblem: () => {}, onUp: () => {} };

test('while the messaging server hangs no host is silent, and while a host hangs no server is lost', {
  skip: needsSandbox(),
}, async (t) => {
  const keys = { gw1: newKey(), web1: newKey(), web2: newKey() };
  const member = (name: keyof typeof keys) => ({ name, key: keys[name].publicKey });
  const nats = await startNats((listen) =>
    natsConfig({
      gateways: [member('gw1')],
      hosts: [member('web1'), member('web2')],
      tls: null,
      listen,
      operator: null,
    }),
  );
  t.after(() => nats.stop('SIGKILL'));
  const place = (name: keyof typeof keys) => ({
    servers: [nats.url],
    tls: null,
    key: keys[name],
    name,
  });
  const gateway = await createNatsGateway('gw1', place('gw1'), reports);
  t.after(gateway.close);
  const hanging = await createNatsAgent('web1', place('web1'), async () => null, reports);
  t.after(hanging.close);
  const well = await createNatsAgent(
    'web2',
    place('web2'),
    async () => [Buffer.from('well')],
    reports,
  );
  t.after(well.close);
  const ask = async (host: string, waitMs: number) => {
    const signal = AbortSignal.timeout(waitMs);
    return (await gateway.ask(host, 'list', Buffer.from('x'), { signal })).kind;
  };
  const answers = () =>
    until(async () => (await ask('web2', 1_000)) === 'answer', { what: 'web2 answers' });
  await answers();
  // Nobody else says anything meanwhile.
  await until(async () => (await ask('web1', 50)) === 'silent', { what: 'web1 is silent' });
  await until(
    async () =>
      (await Promise.all([ask('web1', 50), ask('web2', 20_000)])).join() === 'silent,answer',
    { what: 'the one is silent and the other answers' },
  );

  nats.child.kill('SIGSTOP');
  await until(() => isStopped(nats.child.pid), { what: 'the messaging server is stopped' });
  const begun = performance.now();
  assert.deepEqual(await Promise.all([ask('web1', 50), ask('web2', 50)]), ['lost', 'lost']);
  assert.ok(performance.now() - begun < 10_000);
  nats.child.kill('SIGCONT');
  await answers();
});
