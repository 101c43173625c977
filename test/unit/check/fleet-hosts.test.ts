import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHosts } from '../../../src/check/fleet-hosts.ts';
import { type AgentFacts, createAnswerer } from '../../../src/fleet/agent/answer-ask.ts';
import {
  createSigningKey,
  publicHalf,
  readPublicHalf,
  readSigningKey,
} from '../../../src/fleet/signature/keys.ts';
import { createMemoryNetwork, type MemoryNetwork } from '../../../src/fleet/transport/memory.ts';
import { version } from '../../../src/lib/version.ts';
import { snapshot } from '../../support/app.ts';
import { listsAlone } from '../../support/lists-alone.ts';
import { newId } from '../../support/new-fleet-key.ts';

const signing = readSigningKey(createSigningKey());
assert.ok(signing !== null);
const known = readPublicHalf(publicHalf(signing));
assert.ok(known !== null);
const gateways = new Map([['gw1', known]]);

const answerer = (host: string, more: Partial<AgentFacts> = {}) =>
  createAnswerer({
    host,
    gateways,
    allow: ['list'],
    sessions: { snapshot: async () => snapshot({ begunAt: Date.now() }) },
    ...listsAlone,
    instance: newId(),
    version,
    maxPartBytes: () => 256 * 1024,
    onRefusal: () => {},
    onInternalError: () => {},
    ...more,
  });

const checked = (network: MemoryNetwork, hosts: readonly string[]) =>
  checkHosts({
    gateway: 'gw1',
    hosts,
    transport: network.gateway(),
    signing,
    saidOf: () => null,
    absentRemedy: 'look there',
  });

test('a host that is two machines is found, and one that is one is not', async () => {
  const network = createMemoryNetwork();
  network.agent('web1', answerer('web1'));
  network.agent('web2', answerer('web2'));
  network.agent('web2', answerer('web2'));
  const [one, two] = await checked(network, ['web1', 'web2']);
  assert.deepEqual([one?.state, two?.state], ['ok', 'mend']);
  assert.match(two?.text ?? '', /^Two machines answer under its name/);
});

test('a host that is busy is asked again as lists do, and called busy and neither well nor a liar when it stays so', async () => {
  const network = createMemoryNetwork();
  network.agent('busy', answerer('busy', { maxAtATime: 0 }));
  const instance = newId();
  const well = answerer('crowded', { instance });
  const crowded = answerer('crowded', { instance, maxAtATime: 0 });
  let lists = 0;
  network.agent('crowded', (verb, body) => {
    if (verb === 'list') lists += 1;
    return lists <= 4 ? crowded(verb, body) : well(verb, body);
  });
  const [busy, after, ...more] = await checked(network, ['busy', 'crowded']);
  assert.deepEqual(busy, {
    subject: 'host busy',
    state: 'mend',
    text: 'It has as many requests at a time as it works on, so not all was tried: check again.',
  });
  assert.deepEqual([after?.state, more], ['ok', []], after?.text);
});

test('a host that takes what nobody has signed is found, though it says that it is busy to all else', async () => {
  const network = createMemoryNetwork();
  const instance = newId();
  const honest = answerer('liar', { instance });
  const busy = [Buffer.from(JSON.stringify({ v: 1, instance, refused: 'busy', now: 1 }))];
  let first: ReturnType<typeof honest> | null = null;
  let asks = 0;
  // A fake: it gives the forged request, which comes second, what it gave the first.
  network.agent('liar', async (verb, body) => {
    asks += 1;
    first ??= honest(verb, body);
    return asks <= 2 ? first : busy;
  });
  const found = (await checked(network, ['liar'])).map(({ state, text }) => `${state} ${text}`);
  assert.deepEqual(found, [
    'mend It has to refuse a request that this gateway has not signed and did not (answer): it must not be trusted.',
    'mend It has as many requests at a time as it works on, so not all was tried: check again.',
  ]);
});
