import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createKnownAnswers, heldBytes } from '../../../../src/fleet/gateway/known-answers.ts';
import { type HostAnswer, readAnswer } from '../../../../src/fleet/gateway/read-answer.ts';
import { maxPartBytes } from '../../../../src/fleet/messages/answer.ts';
import { ftpSession } from '../../../support/app.ts';

const megabyte = 1024 * 1024;
const rows = Array(500).fill(ftpSession());
/** An answer of so many bytes, of which a host can make few or many rows. */
const answer = (bytes: number): HostAnswer => ({
  sessions: rows,
  details: undefined,
  counts: undefined,
  gaps: [],
  daemons: [],
  digest: 'd'.repeat(43),
  version: '1',
  bytes,
});
const numbers = (length: number) => Array.from({ length }, (_, index) => index);

test('what is known of a fleet takes so much memory and no more, however few rows it is', () => {
  const known = createKnownAnswers();
  for (const each of numbers(100)) known.set(`web${each}`, 'all', answer(16 * megabyte));
  const kept = numbers(100).filter((each) => known.get(`web${each}`, 'all') !== undefined);
  assert.deepEqual(
    kept,
    numbers(7).map((each) => each + 93),
  );
});

test('one host pushes out what it has told itself, and nothing of the others', () => {
  const known = createKnownAnswers();
  for (const each of numbers(100)) known.set(`web${each}`, 'all', answer(megabyte));
  for (const each of numbers(100)) known.set('hostile', `some ${each}`, answer(16 * megabyte));
  assert.equal(numbers(100).filter((each) => known.get(`web${each}`, 'all')).length, 100);
  assert.equal(numbers(100).filter((each) => known.get('hostile', `some ${each}`)).length, 1);
  assert.ok(known.get('hostile', 'some 99'), 'the newest');
});

test('what was used last stays', () => {
  const known = createKnownAnswers({ all: 18_000, ofHost: 18_000 });
  const first = answer(2_000);
  known.set('web1', 'all', first);
  for (const each of ['web2', 'web3']) known.set(each, 'all', answer(2_000));
  known.set('web1', 'all', first);
  known.set('web4', 'all', answer(2_000));
  assert.equal(known.get('web1', 'all'), first);
  assert.equal(known.get('web2', 'all'), undefined);
  assert.ok(known.get('web3', 'all'));
});

/** The forms of an answer that take most memory for their length, and an ordinary one. */
const forms: Record<string, { head?: object; sessions?: readonly object[] }> = (() => {
  const row = (pid: number, more: object = {}) => {
    const { host: _host, ...session } = ftpSession({ pid });
    return { ...session, ownerName: 'alice', ...more };
  };
  const left = { localPort: 1, remoteAddress: '::', remotePort: 1, unsentBytes: 0 };
  const details = { directory: null, sendingOver: null, leftBehind: Array(16).fill(left) };
  const wide = `\u20ac${'x'.repeat(8_000)}`;
  return {
    ordinary: { sessions: numbers(400).map((each) => row(each + 1)) },
    'texts of two bytes a character': {
      sessions: numbers(15).map((each) => row(each + 1, { title: wide, file: wide })),
    },
    'short gaps': { head: { gaps: Array(5_000).fill({ cause: 'a', ownerUid: null }) } },
    'short daemons': { head: { daemons: Array(1_000).fill({ name: 'a', pid: 1, ports: null }) } },
    'daemons without a port': {
      head: { daemons: Array(1_000).fill({ name: 'ab', pid: 1, ports: [] }) },
    },
    'many ports': {
      head: { daemons: Array(1_000).fill({ name: 'a', pid: 1, ports: Array(110).fill(1) }) },
    },
    'connections left behind': { sessions: numbers(110).map((each) => row(each + 1, { details })) },
  };
})();

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

function heap(): number {
  for (let times = 0; times < 2; times += 1) collect();
  return process.memoryUsage().heapUsed;
}

/** Bytes that such an answer takes and that are counted for it. In a frame of its own: nothing else is held by it. */
function measure(name: string, part: Buffer) {
  const read = (): HostAnswer => {
    const answer = readAnswer('web1', part, undefined, name === 'connections left behind');
    assert.ok(answer.kind === 'answer', `${name}: ${answer.kind}`);
    return answer.answer;
  };
  const kept = [read()];
  const before = heap();
  for (let times = 0; times < 8; times += 1) kept.push(read());
  const took = (heap() - before) / 8;
  return { took, counted: heldBytes(kept.pop() ?? read()) };
}

test('no form of an answer takes more memory than is counted, and an ordinary one is counted no five times', () => {
  for (const [name, { head = {}, sessions = [] }] of Object.entries(forms)) {
    const whole = { version: '1', begunAt: 1, scanMs: 1, digest: 'd'.repeat(43), gaps: [] };
    const message = { v: 1, instance: 'i'.repeat(22), head: { ...whole, daemons: [], ...head } };
    const part = Buffer.from(JSON.stringify({ ...message, sessions }));
    assert.ok(part.length <= maxPartBytes, name);
    const { took, counted } = measure(name, part);
    assert.ok(took > 0 && took <= counted, `${name}: ${took} bytes, counted as ${counted}`);
    if (name === 'ordinary') assert.ok(counted < 5 * took, `${counted} for ${took}`);
  }
});
