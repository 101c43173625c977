import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { Event } from '../../../src/channel/messages.ts';
import { serveWorker } from '../../../src/channel/serve-requests.ts';
import { receiveFrames, sendFrame } from '../../../src/lib/frames.ts';
import { createVersionedValue } from '../../../src/lib/versioned-value.ts';
import { readProcessStats } from '../../../src/os/process-stats.ts';
import { createEndingCounts } from '../../../src/sessions/count-endings.ts';
import type { SessionIdentity } from '../../../src/sessions/identity.ts';
import { localHost } from '../../../src/sessions/identity.ts';
import { everybody, ofUids } from '../../../src/sessions/scope.ts';
import type { SessionSource } from '../../../src/sessions/session.ts';
import type { SessionEnder } from '../../../src/sessions/session-ender.ts';
import type { OnJson } from '../../../src/sessions/snapshot-relay.ts';
import { ftpSession, snapshot } from '../../support/app.ts';
import { noHistory } from '../../support/history-lines.ts';
import { noKeptLogins } from '../../support/no-kept-logins.ts';
import { relayOf } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { connectWorker } from '../../support/worker-client.ts';
import { channelPair } from './channel.ts';

function connect(sessions?: SessionSource, ender?: SessionEnder) {
  const [httpEnd, monitorEnd] = channelPair();
  const seen = { events: [] as Event[], faults: [] as string[], errors: [] as unknown[] };
  let state: Record<string, unknown> = { accounts: 1 };
  serveWorker(
    monitorEnd,
    {
      snapshots: relayOf(
        sessions ?? { snapshot: async () => snapshot({ sessions: [ftpSession()] }) },
      ),
      ender: ender ?? { end: () => assert.fail('no session is to be ended here') },
      state: createVersionedValue(() => state),
      keyPair: createVersionedValue(() => null),
      logins: noKeptLogins,
      history: noHistory,
      checkPassword: async () => false,
      processStats: async () => ({
        monitor: readProcessStats(),
        scanner: null,
        endings: createEndingCounts(),
      }),
    },
    {
      onEvent: (event) => seen.events.push(event),
      onFault: (reason) => seen.faults.push(reason),
      onInternalError: (error) => seen.errors.push(error),
    },
  );
  const setState = (value: Record<string, unknown>) => {
    state = value;
  };
  return { httpEnd, seen, setState };
}

test('the worker gets the snapshot that the monitor saw', async () => {
  const { httpEnd, seen } = connect();
  const { sessions } = connectWorker(httpEnd);
  assert.deepEqual(await sessions.snapshot(everybody), snapshot({ sessions: [ftpSession()] }));
  assert.deepEqual(seen, { events: [], faults: [], errors: [] });
});

test('a scan that fails is an error to its asker and leaves the channel working', async () => {
  let looks = 0;
  const { httpEnd, seen } = connect({
    snapshot: async () => {
      looks += 1;
      if (looks === 1) throw new Error('secret detail');
      return snapshot();
    },
  });
  const { sessions } = connectWorker(httpEnd);
  await assert.rejects(
    sessions.snapshot(everybody),
    (error: Error) => !/secret/.test(error.message),
  );
  assert.deepEqual(await sessions.snapshot(everybody), snapshot());
  assert.equal(seen.errors.length, 1);
});

test('an answer that makes no sense is an error to its asker alone', async () => {
  const [httpEnd, otherEnd] = channelPair();
  const { sessions, keyPair } = connectWorker(httpEnd);
  const look = sessions.snapshot(everybody);
  // It is asked when this turn of the event loop is over.
  await setImmediate();
  const update = keyPair(0);
  const wire = { ...snapshot(), sessions: [7], fresh: [], dropped: [] };
  sendFrame(otherEnd, JSON.stringify({ id: 1, value: wire }));
  sendFrame(otherEnd, JSON.stringify({ id: 2, value: { version: 1 } }));
  await assert.rejects(look, /never told/);
  assert.deepEqual(await update, { version: 1 });
});

test('no answer rests on a scan that began before it was asked for', async () => {
  let begun = 0;
  const ends: (() => void)[] = [];
  const { httpEnd } = connect({
    snapshot: () => {
      begun += 1;
      const begunAt = begun;
      return new Promise((resolve) => ends.push(() => resolve(snapshot({ begunAt }))));
    },
  });
  const { sessions } = connectWorker(httpEnd);
  const first = sessions.snapshot(everybody);
  await until(() => begun === 1, { what: 'the first scan' });
  const late = [sessions.snapshot(everybody), sessions.snapshot(everybody)];
  ends[0]?.();
  assert.equal((await first).begunAt, 1);
  await until(() => begun === 2, { what: 'the second scan' });
  ends[1]?.();
  for (const each of late) assert.equal((await each).begunAt, 2);
});

test('answers that nobody reads come to a bounded number of bytes, however many are asked for', async () => {
  // The other end takes nothing: no write is ever done.
  const channel = new Duplex({ read: () => {}, write: () => {} });
  const megabyte = Buffer.alloc(1024 * 1024, 32);
  let looks = 0;
  const ask = (_scope: unknown, _wants: unknown, onJson: OnJson) => {
    looks += 1;
    onJson(null, megabyte);
  };
  const fail = (reason: unknown) => assert.fail(String(reason));
  const handlers = { onEvent: fail, onFault: fail, onInternalError: fail };
  const [state, keyPair] = [createVersionedValue(() => null), createVersionedValue(() => null)];
  serveWorker(
    channel,
    {
      snapshots: { open: () => ({ ask, close: () => {} }) },
      ender: { end: () => assert.fail('no session is to be ended here') },
      state,
      keyPair,
      logins: noKeptLogins,
      history: noHistory,
      processStats: () => assert.fail('nobody asks'),
      checkPassword: () => assert.fail('nobody asks'),
    },
    handlers,
  );
  const asker = new Duplex({
    read: () => {},
    write: (chunk, _encoding, done) => {
      channel.push(chunk);
      done();
    },
  });
  for (let id = 1; id <= 1_000; id += 1) {
    sendFrame(asker, JSON.stringify({ id, verb: 'snapshot', scope: everybody, known: 0 }));
  }
  await until(() => looks > 60, { what: 'as many answers as there is room for' });
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  const unreadMiB = channel.writableLength / megabyte.length;
  assert.ok(unreadMiB > 60 && unreadMiB < 66, `${unreadMiB} MiB of 1000`);
});

test('state is sent whole once and then only after a change, beside what was asked for', async () => {
  const { httpEnd, setState } = connect();
  const told: unknown[] = [];
  receiveFrames(httpEnd, 1e6, {
    onValue: (value) => told.push((value as { state?: unknown }).state),
    onFault: () => assert.fail(),
  });
  const client = connectWorker(httpEnd);
  const { replica } = client;
  await client.sessions.snapshot(everybody);
  assert.deepEqual(replica.current(), { accounts: 1 });
  assert.equal(await client.state.revalidate(client.state.now()), true);
  const before = client.state.now();
  setState({ accounts: 2 });
  await Promise.all(
    [everybody, ofUids([1]), ofUids([2])].map((scope) => client.sessions.snapshot(scope)),
  );
  assert.equal(client.state.revalidate(before), false);
  assert.deepEqual(replica.current(), { accounts: 2 });
  assert.deepEqual(told, [
    { version: 1, value: { accounts: 1 } },
    { version: 1 },
    { version: 2, value: { accounts: 2 } },
    { version: 2 },
    { version: 2 },
  ]);
});

test('a change after a question came in and before another one is told with the answer to the other', async () => {
  const ends: (() => void)[] = [];
  const { httpEnd, setState } = connect({
    snapshot: () => new Promise((resolve) => ends.push(() => resolve(snapshot()))),
  });
  const client = connectWorker(httpEnd);
  const { replica } = client;
  const first = client.sessions.snapshot(everybody);
  await until(() => ends.length === 1, { what: 'the first scan' });
  const before = client.state.now();
  const second = client.sessions.snapshot(ofUids([1]));
  await until(() => ends.length === 2, { what: 'the second scan' });
  ends[0]?.();
  await first;
  setState({ accounts: 2 });
  const later = client.state.now();
  const third = client.sessions.snapshot(ofUids([2]));
  await until(() => ends.length === 3, { what: 'the third scan' });
  for (const end of ends.slice(1)) end();
  await second;
  assert.equal(client.state.revalidate(before), false);
  await third;
  assert.equal(client.state.revalidate(later), false);
  assert.deepEqual(replica.current(), { accounts: 2 });
});

test('what ending came to is told for each session, in their order, however many', async () => {
  const asked: SessionIdentity[][] = [];
  const { httpEnd, seen } = connect(undefined, {
    end: async (identities, scope) => {
      assert.deepEqual(scope, ofUids([1001]));
      asked.push([...identities]);
      return identities.map((identity) => ({
        identity,
        session: ftpSession(identity),
        outcome: identity.pid % 2 === 0 ? 'ended' : 'remains',
      }));
    },
  });
  const { ender } = connectWorker(httpEnd);
  const identities = Array.from({ length: 2500 }, (_, index) => ({
    host: localHost,
    pid: index + 1,
    startTime: '9'.repeat(32),
  }));
  const results = await ender.end(
    identities.map((identity) => ftpSession(identity)),
    ofUids([1001]),
  );
  assert.deepEqual(
    results,
    identities.map((identity) => ({
      identity,
      session: ftpSession(identity),
      outcome: identity.pid % 2 === 0 ? 'ended' : 'remains',
    })),
  );
  assert.deepEqual(
    asked.map(({ length }) => length),
    [1000, 1000, 500],
  );
  assert.deepEqual(seen, { events: [], faults: [], errors: [] });
});

test('what no snapshot can have named is not asked for, and is nobody', async () => {
  const { httpEnd, seen } = connect();
  const { ender } = connectWorker(httpEnd);
  const impossible = [
    { host: localHost, pid: 0, startTime: '1' },
    { host: localHost, pid: -1, startTime: '1' },
    { host: localHost, pid: 1.5, startTime: '1' },
    { host: localHost, pid: 2 ** 31, startTime: '1' },
    { host: localHost, pid: 1, startTime: '' },
    { host: localHost, pid: 1, startTime: '\0'.repeat(64) },
  ];
  assert.deepEqual(
    await ender.end(impossible, everybody),
    impossible.map((identity) => ({ identity, session: null, outcome: 'gone' })),
  );
  const tooMany = Array.from({ length: 10_001 }, (_, index) => index);
  await assert.rejects(
    ender.end([{ host: localHost, pid: 1, startTime: '1' }], ofUids(tooMany)),
    /10000 at most/,
  );
  assert.deepEqual(seen.faults, []);
});

test('sessions that do not go hold up nobody else, and are not waited for without end', async () => {
  let waiting = 0;
  const release: (() => void)[] = [];
  const { httpEnd, seen } = connect(undefined, {
    end: () => {
      waiting += 1;
      return new Promise((resolve) => release.push(() => resolve([])));
    },
  });
  const { ender, sessions } = connectWorker(httpEnd);
  const ends = Array.from({ length: 1_100 }, (_, index) =>
    ender
      .end([{ host: localHost, pid: index + 1, startTime: '1' }], everybody)
      .catch((error: Error) => error),
  );
  const { sessions: shown } = await sessions.snapshot(everybody);
  assert.equal(shown.length, 1);
  assert.equal(waiting, 1_024);
  assert.equal(seen.errors.length, 1_100 - 1_024);
  for (const each of release) each();
  const failed = (await Promise.all(ends)).filter((result) => result instanceof Error);
  assert.equal(failed.length, 1_100 - 1_024);
  // The places of those that have been answered are free again.
  const late = ender.end([{ host: localHost, pid: 1, startTime: '1' }], everybody);
  await until(() => release.length === 1_025, { what: 'one more is taken' });
  release.at(-1)?.();
  await late;
});

const target = { host: localHost, pid: 1, startTime: '1' };
const ending = { id: 1, verb: 'end-sessions', identities: [target], scope: everybody };
const forbidden: [what: string, message: unknown][] = [
  ['a signal', { ...ending, signal: 'SIGKILL' }],
  ['a target without a start', { ...ending, identities: [{ pid: 1 }] }],
  ['a target that is a pid', { ...ending, identities: [1] }],
  ['a target that is a group', { ...ending, identities: [{ ...target, pid: -1 }] }],
  ['a target that is this group', { ...ending, identities: [{ ...target, pid: 0 }] }],
  ['a start that is a number', { ...ending, identities: [{ ...target, startTime: 1 }] }],
  ['a start that is a path', { ...ending, identities: [{ ...target, startTime: '../1' }] }],
  ['a target with a title', { ...ending, identities: [{ ...target, title: 'x' }] }],
  ['targets that are no list', { ...ending, identities: target }],
  ['1001 targets', { ...ending, identities: Array(1001).fill(target) }],
  ['targets without a scope', { id: 1, verb: 'end-sessions', identities: [target] }],
  ['targets of an owner that is a name', { ...ending, scope: { ...ofUids([]), uids: ['root'] } }],
  ['a scope of no known kind', { ...ending, scope: { kind: 'gids', gids: [1] } }],
  ['a login that is every login', { ...ending, scope: { ...ofUids([]), logins: ['*'] } }],
  ['an unknown verb', { id: 1, verb: 'end-session', pid: 1 }],
  ['a verb without an id', { verb: 'snapshot', scope: everybody, known: 0 }],
  [
    'an owner that is no uid',
    { id: 1, verb: 'snapshot', scope: { ...ofUids([]), uids: ['0'] }, known: 0 },
  ],
  [
    'a field too many',
    { id: 1, verb: 'snapshot', scope: everybody, known: 0, path: '/etc/shadow' },
  ],
  ['a scan without the known version', { id: 1, verb: 'snapshot', scope: everybody }],
  ['a number', 1],
  ['null', null],
  ['a prototype', JSON.parse('{"__proto__":{"verb":"snapshot"},"id":1}')],
];

for (const [what, message] of forbidden) {
  test(`${what} is a fault: nothing is answered and nothing after it is read`, async () => {
    const { httpEnd, seen } = connect();
    const answers: unknown[] = [];
    httpEnd.on('data', (chunk) => answers.push(chunk));
    sendFrame(httpEnd, JSON.stringify(message));
    sendFrame(httpEnd, JSON.stringify({ id: 2, verb: 'snapshot', scope: everybody, known: 0 }));
    await until(() => seen.faults.length > 0, { what: 'a fault' });
    for (let turn = 0; turn < 5; turn += 1) await setImmediate();
    assert.deepEqual([seen.faults.length, answers.length], [1, 0]);
  });
}

test('any bytes leave the monitor alive', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const { httpEnd, seen } = connect();
      httpEnd.write(Buffer.from(bytes));
      await setImmediate();
      assert.ok(seen.faults.length <= 1);
      assert.equal(seen.errors.length, 0);
    }),
    { numRuns: 500 },
  );
});

test('any JSON leaves the monitor alive', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (value) => {
      const { httpEnd, seen } = connect();
      sendFrame(httpEnd, JSON.stringify(value));
      await setImmediate();
      assert.equal(seen.errors.length, 0);
    }),
    { numRuns: 500 },
  );
});
