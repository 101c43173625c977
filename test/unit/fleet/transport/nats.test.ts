import { natsConfig } from '../../../../src/fleet/nats-config.ts';
import { createNatsAgent } from '../../../../src/fleet/transport/nats-agent.ts';
import { createNatsGateway } from '../../../../src/fleet/transport/nats-gateway.ts';
import type {
  AgentTransport,
  GatewayTransport,
} from '../../../../src/fleet/transport/transport.ts';
import { createAuthority, startNats } from '../../../support/nats/nats-server.ts';
import type { NatsVersion } from '../../../support/nats/nats-server-program.ts';
import { newKey } from '../../../support/new-fleet-key.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/until.ts';
import { type ContractNetwork, testTransport } from './transport-contract.ts';

const reports = { onProblem: () => {}, onUp: () => {} };

/** The real server with the configuration that uapid writes, over TLS with certificates on both sides. */
for (const version of ['oldest', 'newest'] as const) {
  const name = `nats, over the ${version} server that a fleet may use`;
  testTransport(name, () => open(version), { skip: needsSandbox() });
}

async function open(version: NatsVersion): Promise<ContractNetwork> {
  const authority = createAuthority();
  const keys = { gw1: newKey(), web1: newKey(), web2: newKey() };
  const config = (listen: string) =>
    natsConfig({
      gateways: [{ name: 'gw1', key: keys.gw1.publicKey }],
      hosts: [
        { name: 'web1', key: keys.web1.publicKey },
        { name: 'web2', key: keys.web2.publicKey },
      ],
      tls: authority.serverFiles,
      listen,
      operator: null,
    });
  let server = await startNats(config, undefined, version);
  const place = (name: keyof typeof keys) => ({
    servers: [server.url],
    tls: authority.client(name),
    key: keys[name],
    name,
  });
  const opened: (GatewayTransport | AgentTransport)[] = [];
  let gateway: GatewayTransport;
  return {
    gateway: async () => {
      gateway = await createNatsGateway('gw1', place('gw1'), reports);
      opened.push(gateway);
      await until(() => gateway.problem() === null, { what: 'the gateway is connected' });
      return gateway;
    },
    agent: async (host, answer) => {
      let isAsked = false;
      const agent = await createNatsAgent(
        host,
        place(host),
        (verb, body) => {
          isAsked = true;
          return answer(verb, body);
        },
        reports,
      );
      opened.push(agent);
      await until(
        async () => {
          const signal = AbortSignal.timeout(50);
          await gateway.ask(host, 'list', Buffer.from('are you there'), { signal });
          return isAsked;
        },
        { what: `${host} is asked` },
      );
      return agent;
    },
    cut: () => server.stop('SIGKILL'),
    mend: async () => {
      server = await startNats(config, server.port, version);
      await until(() => gateway.problem() === null, { what: 'the gateway is connected again' });
    },
    close: async () => {
      await Promise.all(opened.map((each) => each.close()));
      await server.stop();
      authority.remove();
    },
  };
}
