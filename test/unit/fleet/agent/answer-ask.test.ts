import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { type AgentFacts, createAnswerer } from '../../../../src/fleet/agent/answer-ask.ts';
import { maxPartBytes, maxParts, parseAnswerPart } from '../../../../src/fleet/messages/answer.ts';
import type { ListAsk } from '../../../../src/fleet/messages/ask.ts';
import { encodeFrame, signRequest } from '../../../../src/fleet/signature/signed-frame.ts';
import type { Scope } from '../../../../src/sessions/scope.ts';
import type { FtpSession, SnapshotWants } from '../../../../src/sessions/session.ts';
import { newSigner } from '../../../support/new-signer.ts';

const gateway = newSigner();
const instance = 'A'.repeat(22);

function session(pid: number, more: Partial<FtpSession> = {}): FtpSession {
  return {
    host: 'localhost',
    pid,
    startTime: '1234',
    daemon: 'pure-ftpd',
    title: 'pure-ftpd (IDLE)',
    ownerUid: 2001,
    user: 'alice',
    isUserProven: true,
    remoteAddress: '192.0.2.7',
    remotePort: 4711,
    localPort: 21,
    state: 'idle',
    file: '',
    path: '',
    command: null,
    protocol: 'ftp',
    bytesMoved: null,
    bytesSkipped: null,
    bytesTotal: null,
    connectedAt: 1_700_000_000,
    transferStartedAt: null,
    lastTransferStartedAt: null,
    idleSince: null,
    ...more,
  };
}

/** A host whose sessions are given, and what it was asked for and has refused. */
function host(sessions: () => readonly FtpSession[], more: Partial<AgentFacts> = {}) {
  const asked: [Scope, SnapshotWants | undefined][] = [];
  const refused: string[] = [];
  const answer = createAnswerer({
    host: 'web1',
    gateways: new Map([['gw1', gateway.publicKey]]),
    allow: ['list', 'end'],
    enderFor: () => assert.fail('nobody is ended'),
    sessions: {
      snapshot: async (scope, wants) => {
        asked.push([scope, wants]);
        const all = sessions();
        return { begunAt: 5, durationMs: 1, scanNumber: 1, sessions: all, gaps: [], daemons: [] };
      },
    },
    past: { read: () => assert.fail('nobody reads the log') },
    systemUsers: {
      refresh: () => {},
      uidsOf: async () => new Map(),
      namesOf: async () => new Map([[2001, 'alice']]),
    },
    instance,
    version: '0.1.0',
    maxPartBytes: () => maxPartBytes,
    onRefusal: (refusal, by) => refused.push(`${refusal} ${by}`),
    onInternalError: () => refused.push('internal'),
    ...more,
  });
  return { answer, asked, refused };
}

function request(
  changes: Partial<ListAsk> = {},
  { key = gateway.key, as = 'gw1', known = '' } = {},
) {
  const nonce = randomBytes(16).toString('base64url');
  const question = { users: null, details: false };
  const hosts = ['web0', 'web1'];
  const ask = {
    v: 1,
    verb: 'list',
    via: 'gw1',
    nonce,
    issuedAt: Date.now(),
    hosts,
    question,
    ...changes,
  };
  const message = Buffer.from(JSON.stringify(ask));
  const signature = signRequest(message, key);
  return encodeFrame({ gateway: as, signature, message, ...(known === '' ? {} : { known }) });
}

async function ask(to: ReturnType<typeof host>, body: Uint8Array, verb = 'list') {
  const parts = (await to.answer(verb, body)) ?? [];
  return parts.map((part) => parseAnswerPart(part) ?? assert.fail('no part of an answer'));
}

async function refusalOf(to: ReturnType<typeof host>, body: Uint8Array, verb = 'list') {
  const [only, ...more] = await ask(to, body, verb);
  assert.equal(more.length, 0);
  assert.ok(only !== undefined && 'refused' in only, 'it is refused');
  assert.equal(to.asked.length, 0, 'nobody has looked');
  return only.refused;
}

test('a signed request is answered with the sessions, their owners’ names, and no word of whose host it is', async () => {
  // The uid of a container is nobody's on its host, though somebody there has the same.
  const container = { name: 'box', account: 'bob' };
  const to = host(() => [session(1), session(2, { ownerUid: 7 }), session(3, { container })]);
  const [part] = await ask(to, request());
  assert.ok(part !== undefined && 'sessions' in part);
  assert.deepEqual(
    part.sessions.map(({ pid, ownerName }) => [pid, ownerName]),
    [
      [1, 'alice'],
      [2, null],
      [3, null],
    ],
  );
  assert.equal(part.head?.begunAt, 5);
  assert.ok(!('host' in (part.sessions[0] ?? {})));
  assert.deepEqual(to.asked, [[{ kind: 'everybody' }, {}]]);
});

test('who asks for numbers alone gets no rows, and hears that they are as before', async () => {
  const to = host(() => [session(1), session(2, { state: 'upload' }), session(3)]);
  const question = { users: ['alice'], details: false, counts: true } as const;
  const [part] = await ask(to, request({ question }));
  assert.ok(part !== undefined && 'sessions' in part && part.head !== undefined);
  const { counts, digest } = part.head;
  assert.deepEqual([part.sessions, counts], [[], { sessions: 3, downloads: 0, uploads: 1 }]);
  const [again] = await ask(to, request({ question }, { known: digest }));
  assert.ok(again !== undefined && 'unchanged' in again);
  assert.deepEqual(to.asked[0], [{ kind: 'system-users', names: ['alice'] }, {}]);
});

test('system users are asked for by name, with details where they are wanted', async () => {
  const to = host(() => []);
  await ask(to, request({ question: { users: ['bob', 'alice'], details: true } }));
  assert.deepEqual(to.asked, [
    [{ kind: 'system-users', names: ['alice', 'bob'] }, { details: true }],
  ]);
});

test('nothing is answered but what a gateway that is known has signed, for this host, for this verb, and once', async () => {
  const to = () => host(() => [session(1)]);
  assert.equal(await refusalOf(to(), Buffer.from('x')), 'malformed');
  assert.equal(await refusalOf(to(), request({}, { as: 'gw2' })), 'gateway-unknown');
  assert.equal(await refusalOf(to(), request({}, { key: newSigner().key })), 'signature');
  assert.equal(await refusalOf(to(), request({ via: 'gw2' })), 'signature');
  assert.equal(await refusalOf(to(), request({ hosts: ['web2'] })), 'not-for-me');
  assert.equal(await refusalOf(to(), request(), 'end'), 'unknown-verb');
  const wrong = { question: { users: [], details: false } };
  assert.equal(await refusalOf(to(), request(wrong)), 'malformed');
  const twice = to();
  const body = request();
  await ask(twice, body);
  twice.asked.length = 0;
  assert.equal(await refusalOf(twice, body), 'replayed');
  assert.deepEqual(twice.refused, ['replayed gw1']);
});

test('a question counts within an hour of its time, also at a host that has started since and remembers none', async () => {
  const to = () => host(() => [session(1)]);
  const hourMs = 3_600_000;
  for (const ms of [-hourMs - 60_000, hourMs + 60_000]) {
    assert.equal(await refusalOf(to(), request({ issuedAt: Date.now() + ms })), 'expired');
  }
  for (const ms of [-hourMs + 60_000, hourMs - 60_000]) {
    const [part] = await ask(to(), request({ issuedAt: Date.now() + ms }));
    assert.ok(part !== undefined && 'sessions' in part, 'clocks may be far off');
  }
});

test('what is forged makes no number count that a gateway may still use', async () => {
  const to = host(() => []);
  const nonce = randomBytes(16).toString('base64url');
  assert.equal(await refusalOf(to, request({ nonce }, { key: newSigner().key })), 'signature');
  const [part] = await ask(to, request({ nonce }));
  assert.ok(part !== undefined && 'sessions' in part);
});

test('what has not changed is told in a line, and what has is told whole', async () => {
  let all = [session(1), session(2)];
  const to = host(() => all);
  const [first] = await ask(to, request());
  assert.ok(first !== undefined && 'sessions' in first);
  const known = first.head?.digest ?? '';
  const [second] = await ask(to, request({}, { known }));
  assert.ok(second !== undefined && 'unchanged' in second);
  assert.equal(second.unchanged, known);
  all = [session(1), session(2, { state: 'upload' })];
  const [third] = await ask(to, request({}, { known }));
  assert.ok(third !== undefined && 'sessions' in third);
});

test('ten thousand sessions go out in parts that the messaging server takes, each session once', async () => {
  const to = host(() => Array.from({ length: 10_000 }, (_, index) => session(index + 1)));
  const parts = (await to.answer('list', request())) ?? [];
  assert.ok(parts.length > 1 && parts.length <= maxParts);
  assert.ok(parts.every((part) => part.length <= maxPartBytes));
  const read = parts.map((part) => parseAnswerPart(part) ?? assert.fail('no part of an answer'));
  const pids = read.flatMap((part) =>
    'sessions' in part ? part.sessions.map(({ pid }) => pid) : [],
  );
  assert.deepEqual(
    pids,
    Array.from({ length: 10_000 }, (_, index) => index + 1),
  );
});

test('an answer that no number of parts can hold is refused as that, and a failed scan as that', async () => {
  const large = host(() => Array.from({ length: 1_000 }, (_, index) => session(index + 1)), {
    maxPartBytes: () => 2_000,
  });
  const [first] = await ask(large, request());
  assert.ok(first !== undefined && 'refused' in first && first.refused === 'too-large');
  const failing = host(() => {
    throw new Error('no /proc');
  });
  const [second] = await ask(failing, request());
  assert.ok(second !== undefined && 'refused' in second && second.refused === 'failed');
  assert.deepEqual(failing.refused, ['internal']);
});
