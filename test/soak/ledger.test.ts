import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLedger } from './ledger.ts';
import { type Answer, type Change, type Fact, idle } from './log.ts';

function change(session: number, at: number, fact: Fact): Change {
  return { session, from: at, to: at + 10, clock: { from: at, to: at + 10 }, fact };
}

function session(number: number, pid: number, at: number): Change[] {
  return [
    change(number, at, {
      kind: 'connected',
      daemon: 'pure-ftpd',
      pid,
      remoteAddress: '127.0.1.1',
      remotePort: 40_000 + number,
      localPort: 21,
    }),
    change(number, at + 100, { kind: 'doing', activity: idle }),
    change(number, at + 100, { kind: 'logged-in', user: 'alice', ownerUid: 62_001 }),
  ];
}

const empty = (asked: number): Answer => ({
  source: 'test',
  owner: null,
  asked,
  answered: asked + 10,
  error: null,
  gaps: [],
  rows: [],
});

test('checks an answer only when the log is complete up to its end', () => {
  const ledger = createLedger();
  ledger.answer(empty(1_000));
  ledger.log([], 1_009);
  assert.deepEqual([ledger.waiting, ledger.counters.size], [1, 0]);
  // It had logged in before the question, as the log tells later.
  ledger.log(session(1, 500, 0), 1_010);
  assert.deepEqual([ledger.waiting, ledger.counts.get('missing')], [0, 1]);
});

test('counts scans and rows by source, events, and pids that were used again', () => {
  const ledger = createLedger();
  const ended = (number: number, at: number) => change(number, at, { kind: 'ended' });
  ledger.log([...session(1, 500, 0), ended(1, 500), ...session(2, 500, 1_000)], 2_000);
  for (const source of ['one', 'one', 'other']) ledger.answer({ ...empty(600), source });
  ledger.log([], 3_000);
  assert.deepEqual(
    [...ledger.counters],
    [
      ['one', { looks: 2, rows: 0, durationsMs: [10, 10], late: 0 }],
      ['other', { looks: 1, rows: 0, durationsMs: [10], late: 0 }],
    ],
  );
  assert.deepEqual(
    [ledger.uncertaintiesMs.length, ledger.reusedPids, ledger.counts.size],
    [7, 1, 0],
  );
});

test('counts every violation and keeps the first ones', () => {
  const ledger = createLedger(2);
  ledger.log(session(1, 500, 0), 500);
  for (let i = 0; i < 5; i++) ledger.answer(empty(1_000 + i));
  ledger.log([], 2_000);
  assert.equal(ledger.counts.get('missing'), 5);
  assert.deepEqual(
    ledger.violations.map(({ answer }) => answer.asked),
    [1_000, 1_001],
  );
});

test('forgets a session that ended long ago, not one that a waiting answer may be about', () => {
  const ledger = createLedger();
  const rows = [
    {
      pid: 500,
      title: 'pure-ftpd (IDLE)',
      user: 'alice',
      remoteAddress: '127.0.1.1',
      state: 'idle' as const,
      file: '',
      connectedAt: 0,
    },
  ];
  ledger.log([...session(1, 500, 0), change(1, 1_000, { kind: 'ended' })], 2_000);
  const slow = { ...empty(500), answered: 200_000, rows };
  ledger.answer(slow);
  ledger.log([], 150_000);
  ledger.log([], 250_000);
  assert.equal(ledger.counts.size, 0);
  ledger.answer({ ...slow, answered: 300_000 });
  ledger.log([], 350_000);
  assert.equal(ledger.counts.get('no session'), 1);
});

/** Violations that a late answer with these rows makes beside a session that it does not show. */
function violationsOfLate(starvedShare: number, facts: Partial<Answer> = {}): [string, number][] {
  const ledger = createLedger(20, () => starvedShare);
  ledger.answer({ ...empty(5_000), gaps: ['processes-late'], ...facts });
  ledger.log(session(1, 500, 1_000), 10_000);
  return [...ledger.counts];
}

test('that ps was late is no fault where the machine starved, and one where it did not', () => {
  assert.deepEqual(violationsOfLate(0.6), []);
  assert.deepEqual(violationsOfLate(0.4), [
    ['error', 1],
    ['missing', 1],
  ]);
});

test('a starved machine excuses no untrue row and no other failure', () => {
  const row = {
    pid: 7,
    title: 'pure-ftpd (IDLE)',
    user: 'alice',
    remoteAddress: '127.0.1.1',
    state: 'idle',
    file: '',
    connectedAt: 1,
  } as const;
  assert.deepEqual(violationsOfLate(1, { rows: [row] }), [['no session', 1]]);
  assert.deepEqual(violationsOfLate(1, { error: 'HTTP 500', gaps: [], rows: null }), [
    ['error', 1],
  ]);
});
