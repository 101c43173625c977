import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { createCloneWatch } from '../../../../src/fleet/gateway/clones.ts';
import type { LostThing } from '../../../../src/fleet/gateway/ending-text.ts';
import { createFleetEnder } from '../../../../src/fleet/gateway/fleet-ender.ts';
import { ask as askSchema, type EndAsk } from '../../../../src/fleet/messages/ask.ts';
import { decodeFrame } from '../../../../src/fleet/signature/signed-frame.ts';
import { createMemoryNetwork, type MemoryNetwork } from '../../../../src/fleet/transport/memory.ts';
import type { GatewayTransport } from '../../../../src/fleet/transport/transport.ts';
import { everybody, ofHosts, ofPlaces, type Scope } from '../../../../src/sessions/scope.ts';

const instance = 'i'.repeat(22);
const caller = { account: 'ann', by: 'rita', address: '192.0.2.7' };
const session = (host: string, pid: number) => ({ host, pid, startTime: String(pid) });

describe('the gateway of a fleet that is to end sessions', () => {
  let network: MemoryNetwork;
  let transport: GatewayTransport;
  let servers: string[];
  let sign: (message: string) => Promise<string>;
  let asked: EndAsk[];
  let clones: ReturnType<typeof createCloneWatch>;

  beforeEach(() => {
    network = createMemoryNetwork();
    transport = network.gateway();
    servers = [];
    asked = [];
    clones = createCloneWatch();
    sign = async () => 'A'.repeat(86);
  });

  /** A host that answers what is given; null is no answer. */
  function host(name: string, reply: (ask: EndAsk) => object | null) {
    servers.push(name);
    network.agent(name, async (verb, body) => {
      assert.equal(verb, 'end');
      const message = Buffer.from(decodeFrame(body)?.message ?? '').toString();
      const ask = askSchema.parse(JSON.parse(message));
      assert.ok(ask.verb === 'end');
      asked.push(ask);
      const answer = reply(ask);
      return answer && [Buffer.from(JSON.stringify({ v: 1, instance, ...answer }))];
    });
  }

  const obeys = ({ targets }: EndAsk) => ({
    ended: targets.map((each) => ({ ...each, outcome: 'ended' })),
  });

  async function end(
    identities: readonly ReturnType<typeof session>[],
    scope: Scope = everybody,
    now: () => number = Date.now,
    lost: LostThing = 'messaging server',
  ) {
    const parts = { gateway: 'gw1', transport, sign, servers: () => servers, clones, lost };
    const ender = createFleetEnder({ ...parts, withinMs: 50, now });
    const results = await ender.end(identities, scope, caller);
    return results.map(({ identity: { host: on, pid }, outcome, why = '' }) => ({
      place: `${on} ${pid}`,
      outcome,
      why,
    }));
  }

  async function only(scope?: Scope, lost?: LostThing) {
    const [result, ...more] = await end([session('web1', 7)], scope, undefined, lost);
    assert.equal(more.length, 0);
    assert.ok(result !== undefined);
    return result;
  }

  test('asks each host once, for its own sessions, and its places’ users alone', async () => {
    host('web1', obeys);
    host('web2', obeys);
    const scope = ofPlaces([
      { host: 'web1', systemUser: 'alice' },
      { host: 'web2', systemUser: 'bob' },
    ]);
    const results = await end(
      [session('web2', 7), session('web1', 7), session('web1', 8), session('web3', 7)],
      scope,
    );
    assert.deepEqual(
      results.map(({ place, outcome }) => `${place} ${outcome}`),
      ['web2 7 ended', 'web1 7 ended', 'web1 8 ended', 'web3 7 gone'],
    );
    assert.deepEqual(
      asked
        .map(({ hosts, users, targets }) => [hosts, users, targets.map(({ pid }) => pid)])
        .sort(),
      [
        [['web1'], ['alice'], [7, 8]],
        [['web2'], ['bob'], [7]],
      ],
    );
    const [{ account, by, address, via } = assert.fail()] = asked;
    assert.deepEqual({ account, by, address, via }, { ...caller, via: 'gw1' });
  });

  test('never says “ended” of what a host did not confirm, and never that it was not', async () => {
    host('web1', () => null);
    const silent = await only();
    assert.equal(silent.outcome, 'unconfirmed');
    assert.match(
      silent.why,
      /^The server “web1” did not confirm within .* s; the session may or may not have ended\.$/,
    );
    assert.equal(asked.length, 1, 'it is not repeated');
  });

  for (const [what, answer] of Object.entries({
    'that makes no sense': { ended: 1 },
    'that is a list of sessions': { sessions: [] },
    'of another session': { ended: [{ pid: 9, startTime: '9', outcome: 'ended' }] },
    'that a copy came first': { refused: 'replayed', now: Date.now() },
    'that it failed': { refused: 'failed', now: Date.now() },
  })) {
    test(`an answer ${what} confirms nothing`, async () => {
      host('web1', () => answer);
      const { outcome, why } = await only();
      assert.equal(outcome, 'unconfirmed');
      assert.match(why, /may or may not have ended\.$/);
    });
  }

  test('a host that has too much to do at the moment has ended nothing for certain, and is not asked again by itself', async () => {
    host('web1', () => ({ refused: 'busy', now: Date.now() }));
    const { outcome, why } = await only();
    assert.equal(outcome, 'refused');
    assert.equal(
      why,
      'The server “web1” has as many requests at a time as it works on; nothing was ended there. Try again.',
    );
    assert.equal(asked.length, 1);
  });

  test('a host that was not reached has ended nothing: one that is absent, unknown, or two machines', async () => {
    servers.push('web1');
    assert.match((await only()).why, /“web1” is not connected to the fleet; nothing was ended/);
    servers = [];
    assert.match((await only()).why, /“web1” is not let in to this fleet; nothing was ended/);
    host('web1', obeys);
    clones.saw('web1', 1, 'a');
    clones.saw('web1', 1, 'b');
    const { outcome, why } = await only();
    assert.equal(outcome, 'refused');
    assert.match(why, /“web1” is two machines \(a copied key\?\), so nothing is ended there/);
    assert.deepEqual(asked, []);
  });

  // Over https there is no messaging server that could be lost.
  for (const lost of ['messaging server', 'network'] as const) {
    test(`a ${lost} that is lost before tells that nothing was ended, and after that it may have been`, async () => {
      host('web1', () => {
        network.cut();
        return null;
      });
      const after = await only(everybody, lost);
      assert.deepEqual(after, {
        place: 'web1 7',
        outcome: 'unconfirmed',
        why: `The gateway lost its ${lost} before “web1” confirmed; the session may or may not have ended.`,
      });
      const before = await only(everybody, lost);
      assert.equal(before.outcome, 'refused');
      assert.equal(before.why, `The gateway has lost its ${lost}; nothing was ended.`);
      assert.equal(asked.length, 1);
    });
  }

  test('a host that its transport does not ask has ended nothing for certain', async () => {
    host('web1', obeys);
    const shutOut = async () => ({ kind: 'shut-out' as const });
    transport = { ...network.gateway(), ask: shutOut };
    assert.deepEqual(await only(), {
      place: 'web1 7',
      outcome: 'refused',
      why: 'The server “web1” has sent this gateway more than it was asked for and is not asked for ten minutes; nothing was ended there.',
    });
  });

  test('a request that is not signed goes nowhere', async () => {
    host('web1', obeys);
    sign = () => Promise.reject(new Error('forced'));
    const { outcome, why } = await only();
    assert.equal(outcome, 'refused');
    assert.match(why, /^This gateway did not sign the request to “web1”/);
    assert.deepEqual(asked, []);
  });

  test('a host whose clock is off is named with how far, and one that does not allow it with the setting', async () => {
    const now = 1_700_000_000_000;
    let answer: object = { refused: 'expired', now: now + 94_000 };
    host('web1', () => answer);
    const why = async () => (await end([session('web1', 7)], ofHosts(['web1']), () => now))[0]?.why;
    assert.equal(
      await why(),
      'The clock of “web1” is 94 s ahead; it refuses to end sessions until that is mended.',
    );
    answer = { refused: 'expired', now: now - 20_000 };
    assert.match((await why()) ?? '', /is 20 s behind/);
    answer = { refused: 'not-allowed', now };
    assert.equal(
      await why(),
      'The server “web1” refuses to end sessions for a fleet (--fleet-allow on that server).',
    );
  });

  test('a scope that has nobody on a host ends nobody there', async () => {
    host('web1', obeys);
    const scope = ofPlaces([{ host: 'web2', systemUser: 'alice' }]);
    assert.equal((await only(scope)).outcome, 'gone');
    assert.deepEqual(asked, []);
  });

  test('many sessions of one host go in requests of a thousand', async () => {
    host('web1', obeys);
    const all = Array.from({ length: 2_500 }, (_, index) => session('web1', index + 1));
    const results = await end(all);
    assert.ok(results.every(({ outcome }) => outcome === 'ended'));
    assert.deepEqual(
      asked.map(({ targets }) => targets.length).sort((a, b) => a - b),
      [500, 1_000, 1_000],
    );
    assert.equal(new Set(asked.map(({ nonce }) => nonce)).size, 3);
  });
});
