import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import type { HandedFleet } from '../../../src/channel/start.ts';
import type { EnrolledHost } from '../../../src/fleet/inventory/hosts-file.ts';
import { parseAnswerPart } from '../../../src/fleet/messages/answer.ts';
import { createSigningKey, publicHalf, readSigningKey } from '../../../src/fleet/signature/keys.ts';
import {
  encodeFrame,
  passOf,
  readPass,
  signRequest,
} from '../../../src/fleet/signature/signed-frame.ts';
import { listen } from '../../../src/http/listeners.ts';
import { everybody } from '../../../src/sessions/scope.ts';
import { buildApp } from '../../../src/worker/app.ts';
import { type FleetWorld, prepareFleet } from '../../../src/worker/fleet.ts';
import { ftpSession, snapshot, testServices } from '../../support/app.ts';
import { localPair } from '../../support/key-pairs.ts';
import { newId, newKey } from '../../support/new-fleet-key.ts';

const key = readSigningKey(createSigningKey());
assert.ok(key !== null);
const sign = (message: string) => signRequest(Buffer.from(message), key);

const handed: HandedFleet = {
  servers: [],
  tls: null,
  ca: null,
  connectionSeed: null,
  host: null,
  gateway: null,
};

function prepare(own: Partial<HandedFleet>, world: Partial<FleetWorld> = {}) {
  const services = testServices();
  return prepareFleet(
    { ...handed, ...own },
    {
      ...services,
      sessions: {
        snapshot: async () => snapshot({ begunAt: Date.now(), sessions: [ftpSession()] }),
      },
      systemUsers: {
        ...services.systemUsers,
        refresh: () => {},
        uidsOf: async () => new Map(),
        revision: () => 0,
      },
      hosts: () => [],
      signAsk: () => assert.fail('no host signs'),
      history: { read: () => assert.fail('nobody reads the log') },
      logger: pino({ level: 'silent' }),
      functions: [],
      ...world,
    },
  );
}

const host = {
  name: 'web1',
  gateways: [{ name: 'gw1', key: publicHalf(key) }],
  allow: ['list'] as const,
};
let close: () => Promise<void>;
let enrolled: (name: string) => EnrolledHost;

before(async () => {
  const { door } = await prepare({ host });
  const pair = await localPair();
  const app = await buildApp(testServices({ fleetDoor: door }));
  const place = { url: 'https://127.0.0.1:0', host: '127.0.0.1', port: 0 };
  const listeners = await listen(app, [place], { current: () => pair });
  const { fingerprint256: fingerprint } = new X509Certificate(pair.cert);
  enrolled = (name) => ({
    name,
    key: newKey().publicKey,
    address: listeners.urls[0] ?? '',
    fingerprint,
  });
  close = async () => {
    await listeners.close();
    await app.close();
  };
});
after(() => close());

test('over https a message is for one host, so one whose address leads to another machine has no rows', async () => {
  const hosts = [enrolled('web1'), enrolled('web2')];
  const asked: string[][] = [];
  const signAsk = async (message: string) => {
    asked.push(JSON.parse(message).hosts);
    return sign(message);
  };
  const fleet = await prepare({ gateway: 'gw1' }, { hosts: () => hosts, signAsk });
  await fleet.open();
  try {
    const { sessions, servers } = (await fleet.gateway?.sessions.snapshot(everybody)) ?? {};
    assert.deepEqual(
      sessions?.map((each) => each.host),
      ['web1'],
    );
    assert.deepEqual(
      servers?.missing.map(({ server, cause, refusal }) => [server, cause, refusal]),
      [['web2', 'refused', 'not-for-me']],
    );
    assert.deepEqual(asked.sort(), [['web1'], ['web2']]);
  } finally {
    await fleet.close();
  }
});

test('a gateway that is not open yet has certainly ended nothing, and has no host to blame', async () => {
  const { gateway } = await prepare(
    { gateway: 'gw1' },
    { hosts: () => [enrolled('web1')], signAsk: async (message) => sign(message) },
  );
  const session = { host: 'web1', pid: 7, startTime: '7' };
  const caller = { account: 'ann', by: 'ann', address: '192.0.2.7' };
  const [ended] = (await gateway?.sessionEnder.end([session], everybody, caller)) ?? [];
  assert.equal(ended?.outcome, 'refused');
  assert.equal(ended?.why, 'The gateway has lost its network; nothing was ended.');
});

test('over https no host can carry what it was asked to another, before a start and after it', async () => {
  const message = Buffer.from(
    JSON.stringify({
      v: 1,
      verb: 'list',
      via: 'gw1',
      nonce: newId(),
      issuedAt: Date.now(),
      hosts: ['web1', 'web2'],
      question: { users: null, details: false },
    }),
  );
  const frame = encodeFrame({ gateway: 'gw1', signature: sign(message.toString()), message });
  for (const when of ['before', 'after']) {
    const { door } = await prepare({ host });
    const pass = readPass(passOf(frame) ?? '');
    assert.ok(door !== null && pass !== null);
    const [part] = (await door.answer('list', frame, pass))?.parts ?? [];
    const answer = part && parseAnswerPart(part);
    assert.ok(answer && 'refused' in answer, when);
    assert.equal(answer.refused, 'not-for-me', when);
  }
});
