import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { natsConfig } from '../../../src/fleet/nats-config.ts';
import type { ConnectionKey } from '../../../src/fleet/signature/keys.ts';
import {
  type ClientTls,
  createAuthority,
  type RunningNats,
  startNats,
  type TestAuthority,
} from '../../support/nats/nats-server.ts';
import { newKey } from '../../support/new-fleet-key.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';

const keys = { gw1: newKey(), gw2: newKey(), web1: newKey(), web2: newKey(), gone: newKey() };
type Name = keyof typeof keys;

const member = (name: Name) => ({ name, key: keys[name].publicKey });

/** Connects as whoever has that key, with the client's own package and nothing of uapid's transport. */
function dial(
  url: string,
  key: ConnectionKey | null,
  tls: ClientTls | null,
): Promise<NatsConnection> {
  return connect({
    servers: [url],
    ...(tls === null ? { tls: null } : { tls: { ...tls } }),
    ...(key === null
      ? {}
      : {
          authenticator: (nonce?: string) => ({
            nkey: key.publicKey,
            sig: key.prove(nonce ?? ''),
          }),
        }),
    reconnect: false,
    timeout: 3_000,
  });
}

/** What the server said against something that a client did; "" for nothing. */
async function complaint(
  client: NatsConnection,
  act: (client: NatsConnection) => void,
): Promise<string> {
  const said: string[] = [];
  const watch = (async () => {
    for await (const status of client.status()) {
      if (status.type === 'error') said.push(status.error.message);
    }
  })();
  void watch;
  act(client);
  // The server answers in order, so its complaint is there before the answer to this.
  await client.flush();
  await new Promise(setImmediate);
  return said.join(' ');
}

const publish = (subject: string) => (client: NatsConnection) => client.publish(subject, 'x');
const subscribe = (subject: string, queue?: string) => (client: NatsConnection) => {
  client.subscribe(subject, { callback: () => {}, ...(queue === undefined ? {} : { queue }) });
};

/** What a member may not do. */
const denials: readonly (readonly [
  who: Name,
  what: string,
  act: (client: NatsConnection) => void,
])[] = [
  ['web1', 'ask another host', publish('uapid.v1.ask.r0.web2.list')],
  ['web1', 'have sessions of another host ended', publish('uapid.v1.ask.r0.web2.end')],
  ['web1', 'have its own sessions ended', publish('uapid.v1.ask.r0.web1.end')],
  ['web1', 'read what another host is to end', subscribe('uapid.v1.ask.r0.web2.end')],
  ['web1', 'read what all are to end', subscribe('uapid.v1.ask.*.*.end')],
  ['web1', 'ask itself', publish('uapid.v1.ask.r0.web1.list')],
  ['web1', 'answer what it was not asked', publish('uapid.v1.answer.gw1.run.token')],
  ['web1', 'publish to an inbox', publish('_INBOX.x')],
  ['web1', 'publish a word of its own', publish('hello')],
  ['web1', 'publish what its rules name for nothing', publish('$SYS.REQ.SERVER.PING')],
  ['web1', 'read what another host is asked', subscribe('uapid.v1.ask.r0.web2.*')],
  ['web1', 'take another host’s questions by a queue', subscribe('uapid.v1.ask.r0.web2.*', 'q')],
  ['web1', 'read what all are asked', subscribe('uapid.v1.ask.*.*.list')],
  ['web1', 'read all questions', subscribe('uapid.v1.ask.>')],
  ['web1', 'read everything', subscribe('>')],
  ['web1', 'read answers', subscribe('uapid.v1.answer.>')],
  ['web1', 'read inboxes', subscribe('_INBOX.>')],
  ['web1', 'read the server’s events', subscribe('$SYS.>')],
  ['web1', 'offer a service', subscribe('$SRV.PING')],
  ['gw1', 'read questions', subscribe('uapid.v1.ask.>')],
  ['gw1', 'read another gateway’s answers', subscribe('uapid.v1.answer.gw2.>')],
  ['gw1', 'read everything', subscribe('>')],
  ['gw1', 'answer', publish('uapid.v1.answer.gw1.run.token')],
  ['gw1', 'answer for another gateway’s question', publish('uapid.v1.answer.gw2.run.token')],
  ['gw1', 'read what is to be ended', subscribe('uapid.v1.ask.*.*.end')],
  ['gw1', 'ask by a verb that there is none of', publish('uapid.v1.ask.r0.web1.kill')],
  ['gw1', 'ask all hosts to end by one message', publish('uapid.v1.ask.r0.web1.end.web2')],
  ['gw1', 'ask a subject of more words', publish('uapid.v1.ask.r0.web1.more.list')],
];

describe('the configuration that uapid writes, on a real nats-server', {
  skip: needsSandbox(),
}, () => {
  let authority: TestAuthority;
  let server: RunningNats;
  const open: NatsConnection[] = [];

  const config = (listen: string, hosts: readonly Name[] = ['web1', 'web2', 'gone']) =>
    natsConfig({
      gateways: [member('gw1'), member('gw2')],
      hosts: hosts.map(member),
      tls: authority.serverFiles,
      listen,
      operator: newKey().publicKey,
    });

  before(async () => {
    authority = createAuthority();
    server = await startNats(config);
  });
  after(async () => {
    await Promise.all(open.map((client) => client.close()));
    await server.stop();
    authority.remove();
  });

  async function as(name: Name, to = server): Promise<NatsConnection> {
    const client = await dial(to.url, keys[name], authority.client(name));
    open.push(client);
    return client;
  }

  test('nobody gets in without a certificate of its authority and a key that it knows', async () => {
    const tls = authority.client('web1');
    const stranger = createAuthority();
    const foreign = { ...stranger.client('web1'), ca: tls.ca };
    stranger.remove();
    const attempts: Readonly<Record<string, () => Promise<NatsConnection>>> = {
      'no certificate': () => dial(server.url, keys.web1, { ca: tls.ca } as ClientTls),
      'a certificate of another authority': () => dial(server.url, keys.web1, foreign),
      'an unknown key': () => dial(server.url, newKey(), tls),
      'no key': () => dial(server.url, null, tls),
    };
    for (const [what, attempt] of Object.entries(attempts)) {
      await assert.rejects(attempt(), () => true, what);
    }
    assert.equal((await as('web1')).isClosed(), false);
  });

  test('a client that was told to speak TLS does not speak without', async () => {
    const plain = await startNats((listen) => `listen: "${listen}"\n`);
    try {
      await assert.rejects(dial(plain.url, keys.web1, authority.client('web1')), /tls/i);
    } finally {
      await plain.stop();
    }
  });

  for (const [who, what, act] of denials) {
    test(`${who} may not ${what}`, async () => {
      const client = await as(who);
      assert.match(await complaint(client, act), /permissions violation/i);
    });
  }

  test('each of these is seen where the rules are taken away', async () => {
    const users = Object.values(keys).map(({ publicKey }) => `{ nkey: ${publicKey} }`);
    const { cert, key, ca } = authority.serverFiles;
    const tls = `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${ca}", verify: true }`;
    const loose = await startNats(
      (listen) => `listen: "${listen}"\n${tls}\nauthorization { users: [${users}] }\n`,
    );
    try {
      const clients = { web1: await as('web1', loose), gw1: await as('gw1', loose) };
      for (const [who, what, act] of denials) {
        assert.ok(who === 'web1' || who === 'gw1');
        assert.equal(await complaint(clients[who], act), '', `${who} may ${what}`);
      }
    } finally {
      await Promise.all(open.splice(0).map((client) => client.close()));
      await loose.stop();
    }
  });

  /** A gateway that has asked web1, which may answer under this subject now. */
  async function askedWeb1() {
    const [gateway, web1] = [await as('gw1'), await as('web1')];
    const got: string[] = [];
    const run = `run${open.length}`;
    gateway.subscribe(`uapid.v1.answer.gw1.${run}.*`, {
      callback: (_error, message) => {
        got.push(message.string());
      },
    });
    let reply = '';
    web1.subscribe('uapid.v1.ask.r0.web1.*', {
      callback: (_error, message) => {
        reply = message.reply ?? '';
      },
    });
    await Promise.all([gateway.flush(), web1.flush()]);
    gateway.publish('uapid.v1.ask.r0.web1.list', 'x', {
      reply: `uapid.v1.answer.gw1.${run}.token`,
    });
    await until(() => reply !== '', { what: 'web1 is asked' });
    return { gateway, web1, reply, got };
  }

  test('a host may answer what it was asked, and nobody else may, nor in its name', async () => {
    const { web1, reply, got } = await askedWeb1();
    const web2 = await as('web2');
    assert.match(await complaint(web2, publish(reply)), /permissions violation/i);
    assert.match(await complaint(web1, publish(`${reply}x`)), /permissions violation/i);
    assert.equal(await complaint(web1, publish(reply)), '');
    await until(() => got.length === 1, { what: 'the answer has come' });
  });

  test('of a flood of answers 64 come through', async () => {
    const { web1, reply, got, gateway } = await askedWeb1();
    const flood = (client: NatsConnection) => {
      for (let count = 0; count < 201; count += 1) client.publish(reply, String(count));
    };
    assert.match(await complaint(web1, flood), /permissions violation/i);
    await gateway.flush();
    assert.equal(got.length, 64);
  });

  test('a gateway is told at once of a host that is not there', async () => {
    const gateway = await as('gw1');
    const codes: (number | undefined)[] = [];
    gateway.subscribe('uapid.v1.answer.gw1.absence.*', {
      callback: (_error, message) => {
        codes.push(message.headers?.code);
      },
    });
    gateway.publish('uapid.v1.ask.r0.gone.list', 'x', {
      reply: 'uapid.v1.answer.gw1.absence.token',
    });
    await until(() => codes.length > 0, { what: 'it is told' });
    assert.deepEqual(codes, [503]);
  });

  test('a host that is taken out is cut off by a reload and cannot come back; nobody else is', async () => {
    const [gone, web1] = [await as('gone'), await as('web1')];
    await server.reload(config(`127.0.0.1:${server.port}`, ['web1', 'web2']));
    await until(() => gone.isClosed(), { what: 'it is cut off' });
    await assert.rejects(as('gone'));
    assert.equal(await complaint(web1, subscribe('uapid.v1.ask.r0.web1.*')), '');
  });
});
