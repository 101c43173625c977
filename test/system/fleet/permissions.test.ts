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
import type { NatsVersion } from '../../support/nats/nats-server-program.ts';
import { newKey } from '../../support/new-fleet-key.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';

const keys = {
  gw1: newKey(),
  gw2: newKey(),
  web1: newKey(),
  web2: newKey(),
  gone: newKey(),
  both: newKey(),
};
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
  const options = { callback: () => {}, ...(queue === undefined ? {} : { queue }) };
  client.subscribe(subject, options).unsubscribe();
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
  ['web1', 'read the log of another host', publish('uapid.v1.ask.r0.web2.history')],
  ['web1', 'read the accounts of another host', publish('uapid.v1.ask.r0.web2.accounts')],
  ['web1', 'read what other logs are asked', subscribe('uapid.v1.ask.*.*.history')],
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
  ['gw1', 'read what logs are asked', subscribe('uapid.v1.ask.*.*.history')],
  ['gw1', 'read what is to be ended', subscribe('uapid.v1.ask.*.*.end')],
  ['gw1', 'ask by a verb that there is none of', publish('uapid.v1.ask.r0.web1.kill')],
  ['gw1', 'ask all hosts to end by one message', publish('uapid.v1.ask.r0.web1.end.web2')],
  ['gw1', 'ask a subject of more words', publish('uapid.v1.ask.r0.web1.more.list')],
  // A machine that is host web3 and gateway gw3 by one key.
  ['both', 'answer its own questions unasked', publish('uapid.v1.answer.gw3.run.token')],
  ['both', 'answer another gateway unasked', publish('uapid.v1.answer.gw1.run.token')],
  ['both', 'ask by a verb that there is none of', publish('uapid.v1.ask.r0.web1.kill')],
  ['both', 'publish to an inbox', publish('_INBOX.x')],
  ['both', 'speak to the server’s system', publish('$SYS.REQ.SERVER.PING')],
  ['both', 'read what another host is asked', subscribe('uapid.v1.ask.r0.web2.*')],
  ['both', 'take another host’s questions by a queue', subscribe('uapid.v1.ask.r0.web2.*', 'q')],
  ['both', 'read what is to be ended', subscribe('uapid.v1.ask.*.*.end')],
  ['both', 'read another gateway’s answers', subscribe('uapid.v1.answer.gw1.>')],
  ['both', 'read all answers', subscribe('uapid.v1.answer.>')],
  ['both', 'read everything', subscribe('>')],
  ['both', 'read the server’s events', subscribe('$SYS.>')],
];

/** What members have to be able to do. */
const needs: readonly (readonly [
  who: 'gw1' | 'web1' | 'both',
  what: string,
  act: (client: NatsConnection) => void,
])[] = [
  ['gw1', 'ask for lists', publish('uapid.v1.ask.r0.gone.list')],
  ['gw1', 'have sessions ended', publish('uapid.v1.ask.r0.gone.end')],
  ['gw1', 'read its answers', subscribe('uapid.v1.answer.gw1.run.*')],
  ['web1', 'read its questions', subscribe('uapid.v1.ask.r0.web1.*')],
  ['both', 'ask as a gateway', publish('uapid.v1.ask.r0.gone.end')],
  ['both', 'read its answers as a gateway', subscribe('uapid.v1.answer.gw3.run.*')],
  ['both', 'read its questions as a host', subscribe('uapid.v1.ask.r0.web3.*')],
];

/** Each rule of the configuration, and what takes it out of the text. */
const rules: readonly (readonly [rule: string, without: (text: string) => string])[] = [
  [
    'what a gateway may publish',
    (text) => text.replace(/ *publish: \{ allow: \["uapid\.v1\.ask[^\n]*\n/g, ''),
  ],
  [
    'what a gateway may read',
    (text) => text.replace(/subscribe: \{ allow: \["uapid\.v1\.answer[^\]]*\] \}/g, ''),
  ],
  [
    'what a host may read',
    (text) => text.replace(/ *subscribe: \{ allow: \["uapid\.v1\.ask[^\n]*\n/g, ''),
  ],
  ['that a host may answer', (text) => text.replace(/allow_responses: \{[^}]*\}/g, '')],
  ['how many messages an answer has', (text) => text.replace(/max: 64, /g, '')],
  [
    'that a host publishes nothing of its own',
    (text) =>
      text
        .replace(/ *publish: \{ allow: \["uapid\.v1\.nothing[^\n]*\n/g, '')
        .replace(/allow_responses: \{[^}]*\}/g, ''),
  ],
  [
    'what a machine that is both may publish',
    (text) =>
      text
        .replace(/ *publish: \{ allow: \["uapid\.v1\.ask[^\n]*\n/g, '')
        .replace(/allow_responses: \{[^}]*\}/g, ''),
  ],
  ['that clients show a certificate', (text) => text.replace('verify: true, ', '')],
];

for (const version of ['oldest', 'newest'] as const) testMatrix(version);

/** The allowed and the forbidden, on a server of that version with the configuration that uapid writes. */
function testMatrix(version: NatsVersion): void {
  describe(`the configuration that uapid writes, on the ${version} nats-server`, {
    skip: needsSandbox(),
  }, () => {
    let authority: TestAuthority;
    let server: RunningNats;
    const open: NatsConnection[] = [];
    const certificates = new Map<Name, ClientTls>();

    const config = (listen: string, hosts: readonly Name[] = ['web1', 'web2', 'gone']) =>
      natsConfig({
        gateways: [member('gw1'), member('gw2'), { ...member('both'), name: 'gw3' }],
        hosts: [...hosts.map(member), { ...member('both'), name: 'web3' }],
        tls: authority.serverFiles,
        listen,
        operator: newKey().publicKey,
      });

    before(async () => {
      authority = createAuthority();
      server = await startNats(config, undefined, version);
    });
    after(async () => {
      await Promise.all(open.map((client) => client.close()));
      await server.stop();
      authority.remove();
    });

    async function as(name: Name, to = server, hasCertificate = true): Promise<NatsConnection> {
      const tls = certificates.get(name) ?? authority.client(name);
      certificates.set(name, tls);
      const client = await dial(
        to.url,
        keys[name],
        hasCertificate ? tls : ({ ca: tls.ca } as ClientTls),
      );
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

    test('each rule is seen: without it somebody may do what is forbidden, or cannot do what it has to', async () => {
      const seen = new Set<string>();
      for (const [rule, without] of rules) {
        await server.reload(without(config(`127.0.0.1:${server.port}`)));
        const clients = { gw1: await as('gw1'), web1: await as('web1'), both: await as('both') };
        const broken = [];
        for (const [who, what, act] of denials) {
          assert.ok(who === 'web1' || who === 'gw1' || who === 'both');
          if (/permissions violation/i.test(await complaint(clients[who], act))) continue;
          broken.push(what);
          seen.add(`${who} ${what}`);
        }
        for (const [who, what, act] of needs) {
          if ((await complaint(clients[who], act)) !== '') broken.push(what);
        }
        if (!(await answers(clients))) broken.push('answer');
        if (await as('web1', server, false).then(Boolean, () => false)) broken.push('certificate');
        assert.notDeepEqual(broken, [], `nothing tells that ${rule} is missing`);
      }
      const all = denials.map(([who, what]) => `${who} ${what}`);
      assert.deepEqual(
        all.filter((each) => !seen.has(each)),
        [],
        'each denial was seen to fail',
      );
      await server.reload(config(`127.0.0.1:${server.port}`));
      const clients = { gw1: await as('gw1'), web1: await as('web1'), both: await as('both') };
      for (const [who, what, act] of needs)
        assert.equal(await complaint(clients[who], act), '', what);
      assert.ok(await answers(clients));
    });

    /** Whether a question comes to web1, and two messages of its answer back. Each flush is in order. */
    async function answers({ gw1, web1 }: Record<'gw1' | 'web1', NatsConnection>) {
      const run = `needs${open.length}`;
      let got = 0;
      let reply = '';
      gw1.subscribe(`uapid.v1.answer.gw1.${run}.*`, {
        callback: (error, message) => {
          if (error === null && message.headers?.code !== 503) got += 1;
        },
      });
      web1.subscribe('uapid.v1.ask.r0.web1.*', {
        callback: (error, message) => {
          if (error === null) reply = message.reply ?? '';
        },
      });
      await Promise.all([gw1.flush(), web1.flush()]);
      gw1.publish('uapid.v1.ask.r0.web1.list', 'x', { reply: `uapid.v1.answer.gw1.${run}.t` });
      await gw1.flush();
      await web1.flush();
      if (reply === '') return false;
      for (const part of ['1', '2']) web1.publish(reply, part);
      await web1.flush();
      await gw1.flush();
      return got === 2;
    }

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

    test('a machine that is host and gateway by one key answers what it is asked, and is answered', async () => {
      const [asking, answering] = [await as('both'), await as('both')];
      const got = answersFrom(asking, answering);
      await Promise.all([asking.flush(), answering.flush()]);
      asking.publish('uapid.v1.ask.r0.web3.list', 'x', { reply: 'uapid.v1.answer.gw3.self.t' });
      await until(() => got.length === 1, { what: 'its own answer has come' });
      assert.equal(
        (await complaint(answering, publish('uapid.v1.answer.gw3.self.u'))) === '',
        false,
      );
    });

    /** What the gateway half of that machine receives from its host half. */
    function answersFrom(asking: NatsConnection, answering: NatsConnection): readonly string[] {
      const got: string[] = [];
      asking.subscribe('uapid.v1.answer.gw3.self.*', {
        callback: (_error, message) => void got.push(message.string()),
      });
      answering.subscribe('uapid.v1.ask.r0.web3.*', {
        callback: (_error, message) => void message.respond('rows'),
      });
      return got;
    }

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
}
