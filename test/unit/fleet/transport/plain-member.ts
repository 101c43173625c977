import { createNatsGateway } from '../../../../src/fleet/transport/nats-gateway.ts';
import { newKey } from '../../../support/new-fleet-key.ts';
import { until } from '../../../support/until.ts';

/*
 * A gateway without TLS settings, a process of its own: which authorities Node.js trusts it reads at its start. The
 * arguments are messaging servers; says in JSON what it said first of each.
 */
const said: string[] = [];
for (const url of process.argv.slice(2)) {
  const heard: string[] = [];
  const gateway = await createNatsGateway(
    'gw1',
    { servers: [url], tls: null, key: newKey(), name: 'gw1' },
    {
      onProblem: (sentence) => heard.push(sentence),
      onUp: () => heard.push('connected'),
    },
  );
  await until(() => heard.length > 0, { what: `something is said of ${url}` });
  await gateway.close();
  said.push(heard[0] ?? '');
}
process.stdout.write(JSON.stringify(said));
