import assert from 'node:assert/strict';
import { test } from 'node:test';
import { natsConfig } from '../../../../src/fleet/nats-config.ts';
import { createNatsAgent } from '../../../../src/fleet/transport/nats-agent.ts';
import { createNatsGateway } from '../../../../src/fleet/transport/nats-gateway.ts';
import { createAuthority, startNats } from '../../../support/nats/nats-server.ts';
import { newKey } from '../../../support/new-fleet-key.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/until.ts';

test('a member whose name the messaging server learns late blames nobody before, and works after the reload', {
  skip: needsSandbox(),
}, async (t) => {
  const authority = createAuthority();
  const keys = { gw1: newKey(), web1: newKey() };
  let listen = '';
  const config = (gateway: string, host: string) =>
    natsConfig({
      gateways: [{ name: gateway, key: keys.gw1.publicKey }],
      hosts: [{ name: host, key: keys.web1.publicKey }],
      tls: authority.serverFiles,
      listen,
      operator: null,
    });
  const nats = await startNats((place) => {
    listen = place;
    return config('other-gateway', 'other-host');
  });
  const place = (name: keyof typeof keys) => ({
    servers: [nats.url],
    tls: authority.client(name),
    key: keys[name],
    name,
  });
  const said: string[] = [];
  const reports = { onProblem: (problem: string) => said.push(problem), onUp: () => {} };
  const answer = async () => [Buffer.from('all well')];
  const agent = await createNatsAgent('web1', place('web1'), answer, reports);
  const gateway = await createNatsGateway('gw1', place('gw1'), reports);
  t.after(async () => {
    await Promise.all([agent.close(), gateway.close()]);
    await nats.stop();
    authority.remove();
  });
  const ask = () =>
    gateway.ask('web1', 'list', Buffer.from(''), { signal: AbortSignal.timeout(10_000) });

  await until(() => /^answers cannot be received/.test(gateway.problem() ?? ''), {
    what: 'the gateway knows that it hears nothing',
  });
  assert.equal((await ask()).kind, 'lost');
  await until(() => said.some((each) => each.startsWith('requests cannot be received')), {
    what: 'the host knows that it hears nothing',
  });
  // The server says no to each attempt, the members say it once.
  await until(() => nats.log().split('Subscription Violation').length > 6, {
    what: 'both have tried again',
  });
  assert.equal(said.filter((each) => each.includes('cannot be received')).length, 2);
  assert.equal(said.filter((each) => each.startsWith(nats.url)).length, 2, said.join('\n'));

  await nats.reload(config('gw1', 'web1'));
  await until(async () => (await ask()).kind === 'answer', { what: 'web1 answers gw1' });
  assert.equal(gateway.problem(), null);
});
