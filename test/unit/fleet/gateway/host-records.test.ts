import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHostRecords } from '../../../../src/fleet/gateway/host-records.ts';
import type { HostOutcome } from '../../../../src/fleet/gateway/outcome.ts';
import type { Question } from '../../../../src/fleet/messages/ask.ts';

const whole: Question = { users: null, details: false };
const alices: Question = { users: ['alice'], details: false };
const bobs: Question = { users: ['bob'], details: false };

test('how large an answer will be is told by those to questions of its kind alone', () => {
  const records = createHostRecords();
  const note = (question: Question, bytes: number) =>
    records.note(
      'web1',
      question,
      { kind: 'malformed' },
      { kind: 'answer', parts: [Buffer.alloc(bytes)] },
    );
  const unknown = records.expectedBytes('web1', whole);
  note(alices, 2_000);
  assert.equal(records.expectedBytes('web1', whole), unknown);
  note(whole, 1_000_000);
  note(alices, 2_000);
  note({ ...whole, details: true }, 3_000_000);
  note(whole, 100);
  assert.equal(records.expectedBytes('web1', whole), 1_000_000);
  assert.equal(records.expectedBytes('web1', alices), 2_000);
  note(bobs, 100_000);
  note(alices, 2_000);
  assert.ok(records.expectedBytes('web1', bobs) > 90_000);
  for (let count = 0; count < 100; count += 1) note(alices, 2_000);
  assert.equal(records.expectedBytes('web1', bobs), 2_000);
  note(whole, 5_000);
  assert.equal(records.expectedBytes('web1', whole), 5_000);
});

test('a host that has refused to count is too old for it until it counts or tells another version', () => {
  const records = createHostRecords();
  const counting: Question = { ...whole, counts: true };
  const gone = { kind: 'silent' } as const;
  const note = (question: Question, outcome: HostOutcome) => {
    records.note('web1', question, outcome, gone);
    return records.isTooOldToCount('web1');
  };
  const answer = (version: string): HostOutcome => ({
    kind: 'answer',
    begunAt: 1,
    answer: {
      sessions: [],
      details: undefined,
      gaps: [],
      daemons: [],
      counts: undefined,
      digest: 'd',
      version,
      bytes: 1,
    },
  });
  const refused: HostOutcome = { kind: 'refused', refusal: 'malformed' };
  assert.equal(note(whole, refused), false);
  assert.equal(note(counting, gone), false);
  assert.equal(note(counting, refused), true);
  assert.equal(note(whole, gone), true);
  assert.equal(note(whole, answer('1')), true);
  assert.equal(note(whole, answer('1')), true);
  assert.equal(note(whole, answer('2')), false);
  assert.equal(note(counting, refused), true);
  assert.equal(note(counting, answer('2')), false);
});

test('a host that was silent stays suspect until it has answered, also where it was not asked or nobody could be', () => {
  const records = createHostRecords();
  const note = (kind: 'silent' | 'lost' | 'not-asked' | 'absent') =>
    records.note('web1', whole, { kind }, { kind: 'silent' });
  assert.equal(records.isSuspect('web1'), false);
  for (const kind of ['silent', 'lost', 'not-asked'] as const) {
    note(kind);
    assert.equal(records.isSuspect('web1'), true, kind);
    assert.equal(records.of('web1').last, 'silent', kind);
  }
  assert.equal(records.isSuspect('web2'), false);
  records.answeredLate('web1');
  assert.equal(records.isSuspect('web1'), false);
  note('silent');
  note('absent');
  assert.equal(records.isSuspect('web1'), false, 'it is told at once that it is not there');
});
