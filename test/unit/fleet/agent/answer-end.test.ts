import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { type AgentFacts, createAnswerer } from '../../../../src/fleet/agent/answer-ask.ts';
import type { GatewayDemand } from '../../../../src/fleet/agent/answer-end.ts';
import { maxPartBytes, parseAnswerPart } from '../../../../src/fleet/messages/answer.ts';
import type { EndAsk } from '../../../../src/fleet/messages/ask.ts';
import { encodeFrame, signRequest } from '../../../../src/fleet/signature/signed-frame.ts';
import type { Scope } from '../../../../src/sessions/scope.ts';
import type { HostEndOutcome } from '../../../../src/sessions/session-ender.ts';
import { newSigner } from '../../../support/new-signer.ts';

const gateway = newSigner();
const start = 1_700_000_000_000;

interface Executed {
  readonly demand: GatewayDemand;
  readonly pids: readonly number[];
  readonly scope: Scope;
}

/** A host that has run for a minute, and what it was made to end. The ender is a fake: outcomes are forced. */
function host(more: Partial<AgentFacts> = {}, outcome: HostEndOutcome = 'ended') {
  const executed: Executed[] = [];
  const refused: string[] = [];
  let at = start;
  const answer = createAnswerer({
    host: 'web1',
    gateways: new Map([['gw1', gateway.publicKey]]),
    allow: ['list', 'end'],
    now: () => at,
    sessions: { snapshot: () => assert.fail('nobody looks') },
    enderFor: (demand) => ({
      end: async (identities, scope) => {
        executed.push({ demand, pids: identities.map(({ pid }) => pid), scope });
        await new Promise(setImmediate);
        return identities.map((identity) => ({ identity, session: null, outcome }));
      },
    }),
    past: { read: () => assert.fail('nobody reads the log') },
    systemUsers: {
      refresh: () => {},
      uidsOf: async () => new Map(),
      namesOf: async () => new Map(),
    },
    instance: 'A'.repeat(22),
    version: '0.1.0',
    maxPartBytes: () => maxPartBytes,
    onRefusal: (refusal, by) => refused.push(`${refusal} ${by}`),
    onInternalError: () => refused.push('internal'),
    ...more,
  });
  at += 60_000;
  return {
    answer,
    executed,
    refused,
    at: () => at,
    pass: (ms: number) => {
      at += ms;
    },
  };
}

function request(
  changes: Partial<Record<keyof EndAsk, unknown>> = {},
  { key = gateway.key, as = 'gw1' } = {},
) {
  const ask = {
    v: 1,
    verb: 'end',
    via: 'gw1',
    nonce: randomBytes(16).toString('base64url'),
    issuedAt: start + 60_000,
    validMs: 10_000,
    hosts: ['web1'],
    account: 'ann',
    by: 'rita',
    address: '192.0.2.7',
    users: ['alice'],
    targets: [{ pid: 7, startTime: '12' }],
    ...changes,
  };
  const message = Buffer.from(JSON.stringify(ask));
  return encodeFrame({ gateway: as, signature: signRequest(message, key), message });
}

async function ask(to: ReturnType<typeof host>, body: Uint8Array, verb = 'end') {
  const [only, ...more] = (await to.answer(verb, body)) ?? [];
  assert.equal(more.length, 0);
  return parseAnswerPart(only ?? Buffer.alloc(0)) ?? assert.fail('no part of an answer');
}

async function refusalOf(to: ReturnType<typeof host>, body: Uint8Array, verb = 'end') {
  const executed = to.executed.length;
  const part = await ask(to, body, verb);
  assert.ok('refused' in part, 'it is refused');
  assert.equal(to.executed.length, executed, 'nobody is ended');
  return part.refused;
}

describe('a host that is to end sessions for a gateway', () => {
  test('ends those that are named, of the system users that are named alone, and knows who asked', async () => {
    const to = host();
    const targets = [
      { pid: 7, startTime: '12' },
      { pid: 8, startTime: '13' },
    ];
    const part = await ask(to, request({ targets }));
    assert.ok('ended' in part);
    assert.deepEqual(
      part.ended,
      targets.map((each) => ({ ...each, outcome: 'ended' })),
    );
    assert.deepEqual(to.executed, [
      {
        demand: { by: 'rita', via: 'gw1', address: '192.0.2.7' },
        pids: [7, 8],
        scope: { kind: 'system-users', names: ['alice'] },
      },
    ]);
    await ask(to, request({ users: null }));
    assert.deepEqual(to.executed[1]?.scope, { kind: 'everybody' });
  });

  test('works on 64 requests at a time, and ends nothing of the one beyond, not even later', async () => {
    const to = host();
    const pids = Array.from({ length: 65 }, (_, index) => index + 1);
    const parts = await Promise.all(
      pids.map((pid) => ask(to, request({ targets: [{ pid, startTime: '12' }] }))),
    );
    const last = parts.pop();
    assert.ok(last !== undefined && 'refused' in last);
    assert.equal(last.refused, 'busy');
    assert.ok(parts.every((part) => 'ended' in part));
    assert.deepEqual(
      to.executed.flatMap(({ pids: own }) => own),
      pids.slice(0, 64),
    );
    assert.deepEqual(to.refused, ['busy gw1']);
    assert.ok('ended' in (await ask(to, request())), 'there is room again');
  });

  test('ends nothing unless it is told that gateways may', async () => {
    const to = host({ allow: ['list'] });
    assert.equal(await refusalOf(to, request()), 'not-allowed');
    assert.deepEqual(to.refused, ['not-allowed gw1']);
  });

  test('ends nothing but what a gateway that is known has signed, for it alone and as an end', async () => {
    const to = host();
    assert.equal(await refusalOf(to, Buffer.from('x')), 'malformed');
    assert.equal(await refusalOf(to, request({}, { as: 'gw2' })), 'gateway-unknown');
    assert.equal(await refusalOf(to, request({}, { key: newSigner().key })), 'signature');
    assert.equal(await refusalOf(to, request({ via: 'gw2' })), 'signature');
    assert.equal(await refusalOf(to, request({ hosts: ['web2'] })), 'not-for-me');
    assert.equal(await refusalOf(to, request({ hosts: ['web1', 'web2'] })), 'malformed');
    assert.equal(await refusalOf(to, request(), 'list'), 'unknown-verb');
    assert.equal(await refusalOf(to, request(), 'kill'), 'unknown-verb');
    assert.equal(await refusalOf(to, request({ users: [] })), 'malformed');
    assert.equal(await refusalOf(to, request({ targets: [] })), 'malformed');
    assert.equal(await refusalOf(to, request({ validMs: 60_000 })), 'malformed');
    assert.equal(await refusalOf(to, request({ address: 'a\nb' })), 'malformed');
  });

  test('executes a request once, also when it comes twice at once or again later', async () => {
    const to = host();
    const body = request();
    const both = await Promise.all([ask(to, body), ask(to, body)]);
    assert.equal(both.filter((part) => 'ended' in part).length, 1);
    assert.equal(to.executed.length, 1);
    to.pass(5_000);
    assert.equal(await refusalOf(to, body), 'replayed');
  });

  test('does not execute what comes late, or from a clock that is far off, and says its own time', async () => {
    const to = host();
    const body = request();
    to.pass(10_001);
    const part = await ask(to, body);
    assert.ok('refused' in part);
    assert.deepEqual([part.refused, part.now], ['expired', to.at()]);
    assert.equal(await refusalOf(to, request({ issuedAt: to.at() + 94_000 })), 'expired');
    assert.deepEqual(to.executed, []);
  });

  test('that fails at it does not say that nothing was done', async () => {
    const enderFor = () => ({ end: () => Promise.reject(new Error('forced')) });
    const to = host({ enderFor });
    const part = await ask(to, request());
    assert.ok('refused' in part && part.refused === 'failed');
    assert.deepEqual(to.refused, ['internal']);
  });
});
