import assert from 'node:assert/strict';
import { type KeyObject, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createAnswerer } from '../../../src/fleet/agent/answer-ask.ts';
import { createCloneWatch } from '../../../src/fleet/gateway/clones.ts';
import { createFanOut, defaultLimits } from '../../../src/fleet/gateway/fan-out.ts';
import { createFleetSessions } from '../../../src/fleet/gateway/fleet-sessions.ts';
import { createHostRecords } from '../../../src/fleet/gateway/host-records.ts';
import { createKnownAnswers } from '../../../src/fleet/gateway/known-answers.ts';
import { shareFanOut } from '../../../src/fleet/gateway/share-fan-out.ts';
import { natsConfig } from '../../../src/fleet/nats-config.ts';
import {
  createSigningKey,
  publicHalf,
  readPublicHalf,
  readSigningKey,
} from '../../../src/fleet/signature/keys.ts';
import { signRequest } from '../../../src/fleet/signature/signed-frame.ts';
import { createNatsAgent } from '../../../src/fleet/transport/nats-agent.ts';
import { createNatsGateway } from '../../../src/fleet/transport/nats-gateway.ts';
import type {
  AgentTransport,
  Answerer,
  GatewayTransport,
} from '../../../src/fleet/transport/transport.ts';
import { everybody } from '../../../src/sessions/scope.ts';
import type { FtpSession } from '../../../src/sessions/session.ts';
import { ftpSession, snapshot } from '../../support/app.ts';
import { type RunningNats, startNats } from '../../support/nats/nats-server.ts';
import { newKey } from '../../support/new-fleet-key.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';

/*
 * Faults of the way and of hosts, on a real nats-server with the configuration that uapid writes. The
 * agents and the gateways are uapid's own code, in this process, and the sessions are made up: so a host may
 * have ten thousand, a wrong clock, or lie.
 */

const large = Array.from({ length: 7 }, (_, index) => `large${index}`);
const hosts = ['web1', 'web2', 'late', 'old', 'liar', ...large] as const;
const reports = { onProblem: () => {}, onUp: () => {} };

function signer() {
  const key = readSigningKey(createSigningKey());
  assert.ok(key !== null);
  const publicKey = readPublicHalf(publicHalf(key));
  assert.ok(publicKey !== null);
  return { key, publicKey };
}

const signers = { gw1: signer(), gw2: signer() };
type Gateway = keyof typeof signers;

/** A way to the server on which what it sends can be held up, as by a gateway that does not read. */
async function openSlowWay(port: number) {
  const open = new Set<Socket>();
  let isStalled = false;
  let passed = 0;
  const server: Server = createServer((client) => {
    const nats = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [client, nats],
      [nats, client],
    ] as const) {
      open.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => other.destroy());
    }
    client.pipe(nats);
    nats.on('data', (data) => {
      passed += data.length;
      if (!client.write(data)) {
        nats.pause();
        client.once('drain', () => {
          if (!isStalled) nats.resume();
        });
      }
    });
    stalled.add((on) => (on ? nats.pause() : nats.resume()));
  });
  const stalled = new Set<(on: boolean) => void>();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Bytes that the server has sent over it. */
    passed: () => passed,
    stall: (on: boolean) => {
      isStalled = on;
      for (const each of stalled) each(on);
    },
    close: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

describe('faults of a fleet on a real nats-server', { skip: needsSandbox() }, () => {
  const keys = new Map([...hosts, 'gw1', 'gw2'].map((name) => [name as string, newKey()]));
  const keyOf = (name: string) => keys.get(name) ?? assert.fail(name);
  const opened: (AgentTransport | GatewayTransport)[] = [];
  const transports = new Map<Gateway, GatewayTransport>();
  let nats: RunningNats;
  let way: Awaited<ReturnType<typeof openSlowWay>>;

  const place = (name: string, url = nats.url) => ({
    servers: [url],
    tls: null,
    key: keyOf(name),
    name,
  });

  before(async () => {
    const members = (names: readonly string[]) =>
      names.map((name) => ({ name, key: keyOf(name).publicKey }));
    const config = (listen: string) =>
      natsConfig({
        gateways: members(['gw1', 'gw2']),
        hosts: members(hosts),
        tls: null,
        listen,
        operator: null,
      });
    // With a page of its own that tells what the server holds for whom.
    nats = await startNats((listen) => `${config(listen)}http: "127.0.0.1:-1"\n`);
    way = await openSlowWay(nats.port);
    for (const [name, url] of [
      ['gw1', way.url],
      ['gw2', nats.url],
    ] as const) {
      const transport = await createNatsGateway(name, place(name, url), reports);
      await until(() => transport.problem() === null, { what: `${name} is connected` });
      transports.set(name, transport);
      opened.push(transport);
    }
  });
  after(async () => {
    await Promise.all(opened.map((each) => each.close()));
    way?.close();
    await nats?.stop();
  });

  const rows = (host: string, count: number): FtpSession[] =>
    Array.from({ length: count }, (_, index) =>
      ftpSession({ pid: index + 1, startTime: `${host}${index}`, title: 'pure-ftpd (IDLE)' }),
    );

  interface HostFacts {
    readonly sessions?: readonly FtpSession[];
    readonly lateMs?: number;
    readonly version?: string;
    readonly gateways?: ReadonlyMap<string, KeyObject>;
  }

  const both = new Map(Object.entries(signers).map(([name, { publicKey }]) => [name, publicKey]));

  function answerer(host: string, facts: HostFacts = {}): Answerer {
    const { sessions = rows(host, 2), lateMs = 0, version = '1', gateways = both } = facts;
    return createAnswerer({
      host,
      gateways,
      allow: ['list'],
      sessions: { snapshot: async () => snapshot({ sessions, begunAt: Date.now() - lateMs }) },
      enderFor: () => assert.fail('nobody is ended'),
      past: { read: () => assert.fail('nobody reads the log') },
      systemUsers: {
        refresh: () => {},
        namesOf: async () => new Map([[1001, 'alice']]),
        uidsOf: async () => new Map(),
      } as never,
      instance: randomBytes(16).toString('base64url'),
      version,
      maxPartBytes: () => 256 * 1024,
      onRefusal: () => {},
      onInternalError: () => {},
      now: () => Date.now() - lateMs,
    });
  }

  /** Runs while these hosts are connected; each is known to be there. */
  async function withHosts(
    answers: readonly (readonly [host: string, answer: Answerer])[],
    run: () => Promise<void>,
  ): Promise<void> {
    const asked = new Set<number>();
    const agents = await Promise.all(
      answers.map(([host, answer], index) => {
        const noted: Answerer = (verb, body) => {
          asked.add(index);
          return body.length === 1 ? Promise.resolve([Buffer.from('x')]) : answer(verb, body);
        };
        return createNatsAgent(host, place(host), noted, reports);
      }),
    );
    try {
      for (const [index, [host]] of answers.entries()) {
        await until(
          async () => {
            const signal = AbortSignal.timeout(200);
            await transports.get('gw2')?.ask(host, 'list', Buffer.from('x'), { signal });
            return asked.has(index);
          },
          { what: `${host} is connected` },
        );
      }
      await run();
    } finally {
      await Promise.all(agents.map((agent) => agent.close()));
    }
  }

  /** A gateway that knows nothing yet. */
  function gateway(name: Gateway, servers: readonly string[], deadlineMs = 60_000) {
    const transport = transports.get(name) ?? assert.fail(name);
    const [records, clones] = [createHostRecords(), createCloneWatch()];
    const fanOut = createFanOut({
      gateway: name,
      transport,
      sign: async (message) => signRequest(Buffer.from(message), signers[name].key),
      known: createKnownAnswers(),
      records,
      clones,
      // On a busy machine nobody who is well may be named.
      limits: { ...defaultLimits, deadlineMs },
    });
    const ask = shareFanOut(fanOut);
    const lostText = 'lost';
    return createFleetSessions({
      servers: () => servers,
      ask,
      records,
      clones,
      deadlineMs,
      lostText,
    });
  }

  const told = async (of: ReturnType<typeof gateway>) => {
    const { sessions, servers } = await of.snapshot(everybody);
    const counts: Record<string, number> = {};
    for (const { host } of sessions) counts[host] = (counts[host] ?? 0) + 1;
    return {
      counts,
      missing: (servers?.missing ?? []).map(({ server, cause, refusal }) =>
        [server, cause, refusal].filter(Boolean).join(' '),
      ),
    };
  };

  test('ten thousand sessions of one host come whole, to two gateways at once, and each gets its own answers', async () => {
    const answers = [
      ['web1', answerer('web1', { sessions: rows('web1', 10_000) })],
      ['web2', answerer('web2')],
    ] as const;
    await withHosts(answers, async () => {
      const two = [gateway('gw1', ['web1', 'web2']), gateway('gw2', ['web1', 'web2'])];
      const seen = await Promise.all(two.map(told));
      for (const each of seen) {
        assert.deepEqual(each, { counts: { web1: 10_000, web2: 2 }, missing: [] });
      }
    });
  });

  test('a gateway that a host does not know is refused and told so; the other one sees the host’s sessions', async () => {
    const one = new Map([['gw1', signers.gw1.publicKey]]);
    const answers = [
      ['web1', answerer('web1', { gateways: one })],
      ['web2', answerer('web2')],
    ] as const;
    await withHosts(answers, async () => {
      const [first, second] = await Promise.all(
        (['gw1', 'gw2'] as const).map((name) => told(gateway(name, ['web1', 'web2']))),
      );
      assert.deepEqual(first, { counts: { web1: 2, web2: 2 }, missing: [] });
      assert.deepEqual(second, { counts: { web2: 2 }, missing: ['web1 refused gateway-unknown'] });
    });
  });

  test('of a host whose key runs on two machines no session is told, and both runs are', async () => {
    const answers = [
      ['web1', answerer('web1')],
      ['web1', answerer('web1', { sessions: rows('copy', 3) })],
      ['web2', answerer('web2')],
    ] as const;
    await withHosts(answers, async () => {
      const asking = gateway('gw1', ['web1', 'web2']);
      const { servers } = await until(
        async () => {
          const result = await asking.snapshot(everybody);
          assert.equal(result.servers?.missing[0]?.cause, 'cloned');
          assert.ok(result.sessions.every(({ host }) => host === 'web2'));
          return result;
        },
        { what: 'the copy is noticed' },
      );
      assert.equal(new Set(servers?.missing[0]?.instances).size, 2);
    });
  });

  test('a wrong clock and an old version keep no session out, and are told', async () => {
    const answers = [
      ['late', answerer('late', { lateMs: 94_000 })],
      ['old', answerer('old', { version: '0.0.1' })],
    ] as const;
    await withHosts(answers, async () => {
      const asking = gateway('gw1', ['late', 'old']);
      assert.deepEqual(await told(asking), { counts: { late: 2, old: 2 }, missing: [] });
      const [late, old] = await asking.states(everybody);
      assert.ok(Math.abs((late?.clockAheadMs ?? 0) + 94_000) < 30_000, `${late?.clockAheadMs}`);
      assert.equal(old?.version, '0.0.1');
    });
  });

  test('a host that is so old that it does not know the question is named, and so is one of another kind', async () => {
    const says = (text: object): Answerer => {
      const instance = randomBytes(16).toString('base64url');
      return async () => [Buffer.from(JSON.stringify({ v: 1, instance, now: 1, ...text }))];
    };
    const answers = [
      ['old', says({ refused: 'unknown-verb' })],
      ['liar', says({ refused: 'a word of the future' })],
      ['web1', answerer('web1')],
    ] as const;
    await withHosts(answers, async () => {
      assert.deepEqual(await told(gateway('gw1', ['old', 'liar', 'web1'])), {
        counts: { web1: 2 },
        missing: ['liar malformed', 'old refused unknown-verb'],
      });
    });
  });

  test('a host that lies, floods and mixes its parts does harm to its own sessions alone', async () => {
    const honest = answerer('liar', { sessions: rows('liar', 400) });
    const behaviours: readonly Answerer[] = [
      // Sessions of another host, by its own word.
      async (verb, body) => {
        const parts = (await honest(verb, body)) ?? [];
        return parts.map((part) =>
          Buffer.from(Buffer.from(part).toString().replaceAll('"pid":', '"host":"web2","pid":')),
        );
      },
      // As many messages as it may send, and more.
      async () => Array.from({ length: 200 }, () => Buffer.from('{"v":1}')),
      // The same rows twice.
      async (verb, body) => {
        const parts = (await honest(verb, body)) ?? [];
        return [...parts, ...parts];
      },
      async () => [Buffer.alloc(256 * 1024, '[')],
      async () => [],
    ];
    for (const [index, behave] of behaviours.entries()) {
      const answers = [
        ['liar', behave],
        ['web2', answerer('web2')],
      ] as const;
      await withHosts(answers, async () => {
        const { counts, missing } = await told(gateway('gw1', ['liar', 'web2'], 3_000));
        assert.equal(counts['web2'], 2, `behaviour ${index}`);
        if (index === 0) assert.equal(counts['liar'], 400, 'under its own name');
        else assert.match(missing.join(), /^liar (?:malformed|silent)$/, `behaviour ${index}`);
      });
    }
  });

  test('a gateway that does not read for a while is not cut off for what it asked for', async () => {
    const title = 'x'.repeat(500);
    const many = rows('large', 10_000).map((row) => ({ ...row, title }));
    const answers = large.map((host) => [host, answerer(host, { sessions: many })] as const);
    await withHosts(answers, async () => {
      const asking = gateway('gw1', large);
      const asked = told(asking);
      let isOver = false;
      const done = () => {
        isOver = true;
      };
      asked.then(done, done);
      let most = 0;
      // Whenever an answer is on its way, nothing of it gets through for a while.
      for (let stalls = 0; stalls < 4 && !isOver; stalls += 1) {
        const before = way.passed();
        await until(() => isOver || way.passed() > before + 1_000_000, { what: 'answers come' });
        way.stall(true);
        most = Math.max(most, await mostHeld());
        way.stall(false);
      }
      const { counts, missing } = await asked;
      assert.deepEqual(missing, []);
      assert.deepEqual(Object.values(counts), Array(large.length).fill(10_000));
      assert.doesNotMatch(nats.log(), /slow consumer/i);
      assert.ok(most > 1_000_000, `no more than ${most} bytes were held: nothing was tried`);
      assert.ok(most < 48 * 1024 * 1024, `${most} bytes were held`);
    });
  });

  /**
   * The most bytes that the server holds for a gateway that reads nothing: what is held only grows meanwhile, so
   * twenty looks that find no more end it, a hundred in any case.
   */
  async function mostHeld(): Promise<number> {
    let most = 0;
    for (let looks = 0, since = 0; looks < 100 && since < 20; looks += 1) {
      const held = await pending();
      // While nothing is held, the answers are still on their way.
      since = held > most || held === 0 ? 0 : since + 1;
      most = Math.max(most, held);
    }
    return most;
  }

  /** Bytes that the server holds for the gateway. */
  async function pending(): Promise<number> {
    const port = /http monitor on 127\.0\.0\.1:(\d+)/.exec(nats.log())?.[1];
    const page = await fetch(`http://127.0.0.1:${port}/connz`);
    const { connections } = (await page.json()) as {
      connections: { name: string; pending_bytes: number }[];
    };
    return connections.find(({ name }) => name === 'gw1')?.pending_bytes ?? 0;
  }
});
