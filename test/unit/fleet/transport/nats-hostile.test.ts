import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connect, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { natsConfig } from '../../../../src/fleet/nats-config.ts';
import { createNatsGateway } from '../../../../src/fleet/transport/nats-gateway.ts';
import { asksOf } from '../../../../src/fleet/transport/subjects.ts';
import type { GatewayTransport } from '../../../../src/fleet/transport/transport.ts';
import {
  createAuthority,
  type RunningNats,
  startNats,
  type TestAuthority,
} from '../../../support/nats/nats-server.ts';
import { newKey } from '../../../support/new-fleet-key.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/until.ts';

describe('a host that sends a gateway what it likes over a messaging server', {
  skip: needsSandbox(),
}, () => {
  const keys = { gw1: newKey(), web1: newKey(), evil: newKey() };
  let authority: TestAuthority;
  let nats: RunningNats;
  let gateway: GatewayTransport;
  const hosts: NatsConnection[] = [];
  const problems: string[] = [];
  /** What the hostile host does with a reply subject. */
  let answer: (connection: NatsConnection, reply: string) => void = () => {};

  /** A client that is no uapid. */
  async function openHost(
    name: 'web1' | 'evil',
    onAsk: (connection: NatsConnection, reply: string) => void,
  ): Promise<void> {
    const { publicKey, prove } = keys[name];
    const connection = await connect({
      servers: nats.url,
      authenticator: (nonce) => ({ nkey: publicKey, sig: prove(nonce ?? '') }),
      tls: authority.client(name),
    });
    hosts.push(connection);
    connection.subscribe(asksOf(name), {
      callback: (_error, { reply = '' }) => onAsk(connection, reply),
    });
    await connection.flush();
  }

  before(async () => {
    authority = createAuthority();
    nats = await startNats((listen) =>
      natsConfig({
        gateways: [{ name: 'gw1', key: keys.gw1.publicKey }],
        hosts: [
          { name: 'web1', key: keys.web1.publicKey },
          { name: 'evil', key: keys.evil.publicKey },
        ],
        tls: authority.serverFiles,
        listen,
        operator: null,
      }),
    );
    const place = { servers: [nats.url], tls: authority.client('gw1'), key: keys.gw1, name: 'gw1' };
    gateway = await createNatsGateway('gw1', place, {
      onProblem: (problem) => problems.push(problem),
      onUp: () => {},
    });
    await until(() => gateway.problem() === null, { what: 'the gateway is connected' });
    await openHost('web1', (connection, reply) => connection.publish(reply, 'all well'));
    await openHost('evil', (connection, reply) => answer(connection, reply));
  });
  after(async () => {
    for (const each of [gateway, ...hosts]) await each?.close();
    await nats?.stop();
    authority?.remove();
  });

  const ask = (host: string, ms: number) =>
    gateway.ask(host, 'list', Buffer.from(''), { signal: AbortSignal.timeout(ms) });

  // What stands in a header is the sender's alone; the server looks at its length.
  for (const [what, headers] of Object.entries({
    'a line that ends within a value': 'NATS/1.0\r\nUapid-Part: 1\n2\r\n\r\n',
    'a name that is none': 'NATS/1.0\r\nUapid Part\x01: 1/1\r\n\r\n',
    'nothing of a header': '\xff\xfe\r\n\r\n',
  })) {
    test(`headers with ${what} are no answer, and the gateway goes on hearing the others`, async () => {
      answer = (connection, reply) => {
        const made = { encode: () => Buffer.from(headers, 'latin1') } as unknown as MsgHdrs;
        connection.publish(reply, 'anything', { headers: made });
        connection.publish(reply, 'and this');
      };
      assert.deepEqual(await ask('evil', 20_000), {
        kind: 'answer',
        parts: [Buffer.from('and this')],
      });
      assert.equal((await ask('web1', 20_000)).kind, 'answer');
    });
  }

  test('one that sends more than it was asked for is asked no more, and is told to make no sense', async () => {
    let asked = 0;
    answer = (connection, reply) => {
      asked += 1;
      for (let times = 0; times < 8; times += 1) connection.publish(reply, Buffer.alloc(300_000));
    };
    problems.length = 0;
    const outcome = { kind: 'answer', parts: [] };
    await until(
      async () => {
        const { kind } = await ask('evil', 100);
        return kind === 'answer';
      },
      { what: 'it is shut out' },
    );
    const before = asked;
    assert.deepEqual(await ask('evil', 20_000), outcome);
    assert.equal(asked, before);
    assert.deepEqual(problems, [
      'evil sends more than it was asked for, and is not asked for ten minutes',
    ]);
    assert.equal((await ask('web1', 20_000)).kind, 'answer');
  });
});
