import type { TestContext } from 'node:test';
import { natsConfig } from '../../../../src/fleet/nats-config.ts';
import { createNatsAgent } from '../../../../src/fleet/transport/nats-agent.ts';
import { createNatsGateway } from '../../../../src/fleet/transport/nats-gateway.ts';
import type { Answerer } from '../../../../src/fleet/transport/transport.ts';
import { startNats } from '../../../support/nats/nats-server.ts';
import { newKey } from '../../../support/new-fleet-key.ts';
import { until } from '../../../support/until.ts';

const reports = { onProblem: () => {}, onUp: () => {} };

/**
 * A real nats-server without TLS, with the permissions that uapid writes for the gateway gw1 and these hosts, and
 * the gateway; `change` may change its configuration. All ends with the test.
 */
export async function startPlainNats(
  t: TestContext,
  hosts: readonly string[],
  change = (config: string) => config,
) {
  const keys = new Map(['gw1', ...hosts].map((name) => [name, newKey()]));
  const keyOf = (name: string) => keys.get(name) ?? newKey();
  const member = (name: string) => ({ name, key: keyOf(name).publicKey });
  const nats = await startNats((listen) => {
    const gateways = [member('gw1')];
    return change(
      natsConfig({ gateways, hosts: hosts.map(member), tls: null, listen, operator: null }),
    );
  });
  t.after(() => nats.stop('SIGKILL'));
  const place = (name: string) => ({ servers: [nats.url], tls: null, key: keyOf(name), name });
  const gateway = await createNatsGateway('gw1', place('gw1'), reports);
  t.after(gateway.close);
  await until(() => gateway.problem() === null, { what: 'the gateway is connected' });
  return {
    nats,
    ask: (host: string, waitMs: number, body: Uint8Array = Buffer.from('x')) =>
      gateway.ask(host, 'list', body, { signal: AbortSignal.timeout(waitMs) }),
    agent: async (host: string, answer: Answerer) => {
      const agent = await createNatsAgent(host, place(host), answer, reports);
      t.after(agent.close);
      return agent;
    },
  };
}
