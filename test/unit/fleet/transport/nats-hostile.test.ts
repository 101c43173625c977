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
  const keys = { gw1: newKey(), web1: newKey(), evil: newKey(), heads: newKey(), broken: newKey() };
  const hostile = ['evil', 'heads', 'broken'] as const;
  let authority: TestAuthority;
  let nats: RunningNats;
  let gateway: GatewayTransport;
  const hosts: NatsConnection[] = [];
  const problems: string[] = [];
  /** What the hostile host does with a reply subject. */
  let answer: (connection: NatsConnection, reply: string) => void = () => {};

  /** A client that is no uapid. */
  async function openHost(
    name: Exclude<keyof typeof keys, 'gw1'>,
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
        hosts: (['web1', ...hostile] as const).map((name) => ({
          name,
          key: keys[name].publicKey,
        })),
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
    for (const name of hostile) {
      await openHost(name, (connection, reply) => answer(connection, reply));
    }
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

  // Beside a part there are headers, and those that make no sense take as long to send.
  for (const [host, what, send] of [
    ['evil', 'parts', (to, reply) => to.publish(reply, Buffer.alloc(300_000))],
    ['heads', 'headers', (to, reply) => sendHeaders(to, reply, `Uapid-Part: 1/2\r\nX: ${long}`)],
    ['broken', 'headers that are none', (to, reply) => sendHeaders(to, reply, `X\x01Y: ${long}`)],
  ] satisfies readonly (readonly [(typeof hostile)[number], string, typeof answer])[]) {
    test(`one that sends more ${what} than it was asked for is asked no more, and is told so`, async () => {
      let asked = 0;
      answer = (connection, reply) => {
        asked += 1;
        for (let times = 0; times < 8; times += 1) send(connection, reply);
      };
      problems.length = 0;
      await until(async () => (await ask(host, 100)).kind === 'shut-out', {
        what: 'it is shut out',
      });
      const before = asked;
      assert.deepEqual(await ask(host, 20_000), { kind: 'shut-out' });
      assert.equal(asked, before);
      assert.deepEqual(problems, [
        `${host} sends more than it was asked for, and is not asked for ten minutes`,
      ]);
      assert.equal((await ask('web1', 20_000)).kind, 'answer');
    });
  }
});

const long = 'x'.repeat(300_000);

function sendHeaders(to: NatsConnection, reply: string, lines: string): void {
  const text = `NATS/1.0\r\n${lines}\r\n\r\n`;
  const headers = { encode: () => Buffer.from(text, 'latin1') } as unknown as MsgHdrs;
  to.publish(reply, '', { headers });
}
