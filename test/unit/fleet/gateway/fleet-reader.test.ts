import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { createCloneWatch } from '../../../../src/fleet/gateway/clones.ts';
import { createFleetReader } from '../../../../src/fleet/gateway/fleet-reader.ts';
import { createHostRecords } from '../../../../src/fleet/gateway/host-records.ts';
import { ask as askSchema } from '../../../../src/fleet/messages/ask.ts';
import { decodeFrame } from '../../../../src/fleet/signature/signed-frame.ts';
import { createMemoryNetwork, type MemoryNetwork } from '../../../../src/fleet/transport/memory.ts';
import { everybody, ofHosts, ofPlaces, type Scope } from '../../../../src/sessions/scope.ts';
import type { FleetError } from '../../../../src/sessions/servers.ts';
import { pastSession } from '../agent/past-session.ts';

const instance = 'i'.repeat(22);
const question = {
  login: null,
  from: null,
  since: null,
  until: null,
  file: null,
  session: null,
  files: false,
};

describe('the gateway of a fleet that reads session logs', () => {
  let network: MemoryNetwork;
  let servers: string[];
  let asked: string[];
  let nonces: Set<string>;

  beforeEach(() => {
    network = createMemoryNetwork();
    servers = [];
    asked = [];
    nonces = new Set();
  });

  /** A host that answers what is given; null is no answer. */
  function host(name: string, ...parts: readonly (object | null)[]) {
    hostInTurn(name, parts);
  }

  /** One that answers each time with the next of these, and with the last for good. */
  function hostInTurn(name: string, ...answers: readonly (readonly (object | null)[])[]) {
    let times = 0;
    servers.push(name);
    network.agent(name, async (verb, body) => {
      const message = Buffer.from(decodeFrame(body)?.message ?? '').toString();
      const ask = askSchema.parse(JSON.parse(message));
      assert.ok(ask.verb === 'history' && verb === 'history');
      assert.deepEqual(ask.hosts, [name]);
      asked.push(`${name} ${ask.question.users}`);
      nonces.add(ask.nonce);
      const parts = answers[Math.min(times, answers.length - 1)] ?? [];
      times += 1;
      if (parts.includes(null)) return null;
      return parts.map((part) => Buffer.from(JSON.stringify({ v: 1, instance, ...part })));
    });
  }

  async function read(scope: Scope = everybody, hostMs = 100) {
    const told: string[] = [];
    const reader = createFleetReader({
      gateway: 'gw1',
      transport: network.gateway(),
      sign: async () => 'A'.repeat(86),
      servers: () => servers,
      records: createHostRecords(),
      clones: createCloneWatch(),
      lostText: 'lost',
      limits: { hostMs, allMs: 1_000, maxHosts: 2, maxItems: 3 },
    });
    const { asked: count, missing } = await reader.read(
      scope,
      { verb: 'history', question },
      (server, items) => {
        for (const each of items) {
          if (!('past' in each)) continue;
          if (each.past.id === 'hostile') throw new RangeError('more than a reader can take');
          told.push(`${server} ${each.past.id}`);
        }
      },
    );
    return { told: told.sort(), count, missing };
  }

  const past = (id: string) => ({ past: pastSession({ id }) });

  test('gives what each host tells, and names each that told nothing with why', async () => {
    host('web1', { items: [past('a')] }, { items: [past('b')] });
    host('web2', { items: [past('a')] });
    host('web3', { refused: 'history-off', now: 1 });
    host('web4', null);
    host('web5', { items: [{ past: { ...pastSession(), address: 'evil' } }] });
    host('web6', { items: [past('a')] }, { sessions: [] });
    servers.push('web7');
    const { told, count, missing } = await read();
    assert.deepEqual(told, ['web1 a', 'web1 b', 'web2 a']);
    assert.equal(count, 7);
    assert.deepEqual(
      missing.map(({ server, cause, refusal = '' }) => `${server} ${cause} ${refusal}`.trim()),
      [
        'web3 refused history-off',
        'web4 silent',
        'web5 malformed',
        'web6 malformed',
        'web7 absent',
      ],
    );
  });

  test('a host that is busy is asked again soon, by a new request, until it has no more time', async () => {
    const busy = [{ refused: 'busy', now: 1 }];
    hostInTurn('web1', busy, busy, [{ items: [past('a')] }]);
    const { told, missing } = await read(everybody, 20_000);
    assert.deepEqual([told, missing], [['web1 a'], []]);
    assert.deepEqual([asked.length, nonces.size], [3, 3]);
    hostInTurn('web2', busy);
    const later = await read(everybody, 20_000);
    assert.deepEqual(
      later.missing.map(({ server, cause }) => `${server} ${cause}`),
      ['web2 busy'],
    );
    assert.equal(asked.filter((each) => each.startsWith('web2')).length, 5);
    hostInTurn('web3', busy, [null]);
    const last = await read(ofHosts(['web1', 'web3']), 1_000);
    assert.deepEqual(
      last.missing.map(({ server, cause }) => `${server} ${cause}`),
      ['web3 silent'],
    );
  });

  test('one host that tells more than anybody can take spoils its own answer alone', async () => {
    host('web1', { items: [past('hostile')] });
    host('web2', { items: [past('a'), past('b')] }, { items: [past('c'), past('d')] });
    host('web3', { items: [past('a')] });
    const { told, missing } = await read();
    assert.deepEqual(told, ['web3 a']);
    assert.deepEqual(
      missing.map(({ server, cause }) => `${server} ${cause}`),
      ['web1 malformed', 'web2 malformed'],
    );
  });

  test('asks for an account its own hosts alone, each for the system users of its places there', async () => {
    host('web1', { items: [] });
    host('web2', { items: [] });
    const places = [
      { host: 'web2', systemUser: 'bob' },
      { host: 'web9', systemUser: 'bob' },
    ];
    const { missing } = await read(ofPlaces(places));
    assert.deepEqual(asked, ['web2 bob']);
    assert.deepEqual(
      missing.map(({ server, cause }) => `${server} ${cause}`),
      ['web9 not-enrolled'],
    );
  });

  test('has no empty answer where nobody told anything, and blames no host for its own lost connection', async () => {
    host('web1', { refused: 'history-off', now: 1 });
    await assert.rejects(read(), (error: FleetError) => {
      assert.equal(error.code, 'no-server-answered');
      assert.match(error.message, /“web1” keeps no session log \(--session-log there\)/);
      return true;
    });
    network.cut();
    await assert.rejects(read(), { code: 'fleet-connection-lost', message: 'lost' });
  });
});
