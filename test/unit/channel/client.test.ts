import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { connectMonitor } from '../../../src/channel/client.ts';
import { createReplica } from '../../../src/channel/replica.ts';
import { sendFrame } from '../../../src/lib/frames.ts';
import { everybody, ofUids, type Scope, ScopeTooLargeError } from '../../../src/sessions/scope.ts';
import { snapshot } from '../../support/app.ts';

interface Question {
  readonly id: number;
  readonly verb: string;
  readonly scope?: Scope;
  readonly known?: number;
}

/** A fake of the channel, whose other end is the test: when which answer comes is its choice. */
function recordingChannel() {
  const questions: Question[] = [];
  const channel = new Duplex({
    read: () => {},
    writev: (chunks, done) => {
      questions.push(...chunks.map(({ chunk }) => JSON.parse(chunk.subarray(4).toString())));
      done();
    },
  });
  return { channel, questions };
}

/** What changes beside the state, when a test says so. */
function besides() {
  const beside = { changes: 0, refreshes: 0 };
  return {
    beside,
    refresh: () => {
      beside.refreshes += 1;
    },
    revision: () => beside.changes,
  };
}

function connect() {
  const { channel, questions } = recordingChannel();
  const beside = besides();
  const replica = createReplica<string>(beside);
  replica.take({ version: 4, value: 'old' }, 0);
  const clock = { ms: 0 };
  const client = connectMonitor(channel, { replica, now: () => clock.ms });
  const answer = (reply: object) => {
    const frame: Buffer[] = [];
    const sink = { write: (bytes: Buffer) => frame.push(bytes) } as unknown as Duplex;
    sendFrame(sink, JSON.stringify(reply));
    channel.push(Buffer.concat(frame));
  };
  return { client, replica, questions, answer, clock, beside: beside.beside };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await setImmediate();
}

const wire = { ...snapshot(), sessions: [], fresh: [], dropped: [] };

test('callers of one turn come to one question for each scope, which asks for the state too', async () => {
  const { client, questions } = connect();
  const ask = (scope: Scope) => {
    client.sessions.snapshot(scope).catch(() => {});
  };
  for (const scope of [ofUids([1001, 7]), everybody, ofUids([7, 1001])]) ask(scope);
  assert.deepEqual(questions, [], 'not before all that came in is read');
  await turns();
  assert.deepEqual(questions, [
    { id: 1, verb: 'snapshot', scope: ofUids([7, 1001]), known: 4 },
    { id: 2, verb: 'snapshot', scope: everybody, known: 4 },
  ]);
  ask(ofUids([7]));
  for (let step = 0; step < 20; step += 1) await Promise.resolve();
  assert.equal(questions.length, 2, 'this turn is not over either');
  await turns();
  assert.deepEqual(questions[2], { id: 3, verb: 'snapshot', scope: ofUids([7]), known: 4 });
});

test('callers who ask for details share no question with those who do not', async () => {
  const { client, questions } = connect();
  for (const wants of [undefined, { details: true }, undefined, { details: true }] as const) {
    client.sessions.snapshot(everybody, wants).catch(() => {});
  }
  await turns();
  assert.deepEqual(questions, [
    { id: 1, verb: 'snapshot', scope: everybody, known: 4 },
    { id: 2, verb: 'snapshot', scope: everybody, details: true, known: 4 },
  ]);
});

test('the answer to a question that was asked later says whether the state is as it was', async () => {
  for (const [state, isSame] of [
    [{ version: 4 }, true],
    [{ version: 5, value: 'new' }, false],
  ] as const) {
    const { client, replica, questions, answer } = connect();
    const before = client.state.now();
    const look = client.sessions.snapshot(everybody);
    await turns();
    answer({ id: 1, state, value: wire });
    await look;
    assert.equal(client.state.revalidate(before), isSame);
    assert.equal(replica.current(), isSame ? 'old' : 'new');
    await turns();
    assert.equal(questions.length, 1, 'no question beside it');
  }
});

test('a gateway that has its question signed is told by that of the state, and asks no more for it', async () => {
  for (const [state, isSame] of [
    [{ version: 4 }, true],
    [{ version: 5, value: 'new' }, false],
  ] as const) {
    const { client, questions, answer } = connect();
    const before = client.state.now();
    const signed = client.signAsk('a question');
    await turns();
    assert.deepEqual(questions, [{ id: 1, verb: 'sign-ask', message: 'a question', known: 4 }]);
    answer({ id: 1, state, value: 'signature' });
    assert.equal(await signed, 'signature');
    assert.equal(client.state.revalidate(before), isSame);
    await turns();
    assert.equal(questions.length, 1, 'no question beside it');
  }
});

test('after a longer wait for others the state is asked for anew, whoever was told of it before the wait', async () => {
  const { client, questions, answer, clock } = connect();
  const before = client.state.now();
  const signed = client.signAsk('a question');
  await turns();
  answer({ id: 1, state: { version: 4 }, value: 'signature' });
  await signed;
  clock.ms += 2_000;
  const revalidated = client.state.revalidate(before);
  await turns();
  assert.deepEqual(questions.slice(1), [{ id: 2, verb: 'state', known: 4 }]);
  answer({ id: 2, state: { version: 5, value: 'without that account' }, value: null });
  assert.equal(await revalidated, false);
});

test('an answer to what was asked before says nothing: then it is asked', async () => {
  const { client, questions, answer } = connect();
  const look = client.sessions.snapshot(everybody);
  await turns();
  const late = client.state.now();
  answer({ id: 1, state: { version: 4 }, value: wire });
  await look;
  const revalidated = Promise.all([client.state.revalidate(late), client.state.revalidate(late)]);
  await turns();
  assert.deepEqual(questions.slice(1), [{ id: 2, verb: 'state', known: 4 }]);
  answer({ id: 2, state: { version: 5, value: 'new' }, value: null });
  assert.deepEqual(await revalidated, [false, false]);
});

test('a scan that failed says nothing of the state', async () => {
  const { client, questions, answer } = connect();
  const before = client.state.now();
  const look = client.sessions.snapshot(everybody);
  await turns();
  answer({ id: 1, error: 'failed' });
  await assert.rejects(look, /failed/);
  const revalidated = client.state.revalidate(before);
  await turns();
  assert.equal(questions[1]?.verb, 'state');
  answer({ id: 2, state: { version: 4 }, value: null });
  assert.equal(await revalidated, true);
});

test('what changes beside the state is looked at once for all who want to know, when the next question goes out', async () => {
  const { client, answer, beside } = connect();
  const before = client.state.now();
  client.state.now();
  assert.equal(beside.refreshes, 0);
  const look = client.sessions.snapshot(everybody);
  client.sessions.snapshot(ofUids([7])).catch(() => {});
  await turns();
  assert.equal(beside.refreshes, 1);
  beside.changes = 1;
  answer({ id: 1, state: { version: 4 }, value: wire });
  await look;
  assert.equal(client.state.revalidate(before), false);
});

test('a request that the monitor would not take for signing is not sent, by characters and by bytes', async () => {
  const { client, questions } = connect();
  await assert.rejects(client.signAsk('x'.repeat(300_000)), ScopeTooLargeError);
  // Each of these is six characters in a frame.
  await assert.rejects(client.signAsk('\u0001'.repeat(100_000)), ScopeTooLargeError);
  await turns();
  assert.deepEqual(questions, []);
  void client.signAsk('x'.repeat(250_000));
  await turns();
  assert.deepEqual(
    questions.map(({ verb }) => verb),
    ['sign-ask'],
  );
});
