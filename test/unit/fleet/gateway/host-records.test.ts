import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHostRecords } from '../../../../src/fleet/gateway/host-records.ts';
import type { HostOutcome } from '../../../../src/fleet/gateway/outcome.ts';
import type { Question } from '../../../../src/fleet/messages/ask.ts';

const whole: Question = { users: null, details: false };
const alices: Question = { users: ['alice'], details: false };
const bobs: Question = { users: ['bob'], details: false };

test('how large an answer will be is told by those to questions of its kind alone', () => {
  const record = createHostRecords().of('web1');
  const note = (question: Question, bytes: number) =>
    record.note(question, { kind: 'malformed' }, bytes);
  const unknown = record.expectedBytes(whole);
  note(alices, 2_000);
  assert.equal(record.expectedBytes(whole), unknown);
  note(whole, 1_000_000);
  note(alices, 2_000);
  note({ ...whole, details: true }, 3_000_000);
  note(whole, 100);
  assert.equal(record.expectedBytes(whole), 1_000_000);
  assert.equal(record.expectedBytes(alices), 2_000);
  note(bobs, 100_000);
  note(alices, 2_000);
  assert.ok(record.expectedBytes(bobs) > 90_000);
  for (let count = 0; count < 100; count += 1) note(alices, 2_000);
  assert.equal(record.expectedBytes(bobs), 2_000);
  note(whole, 5_000);
  assert.equal(record.expectedBytes(whole), 5_000);
});

test('a host that has refused to count is too old for it until it counts or tells another version', () => {
  const record = createHostRecords().of('web1');
  const counting: Question = { ...whole, counts: true };
  const gone = { kind: 'silent' } as const;
  const note = (question: Question, outcome: HostOutcome) => {
    record.note(question, outcome, null);
    return record.isTooOldToCount;
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
    records.of('web1').note(whole, { kind }, null);
  assert.equal(records.of('web1').isSuspect, false);
  for (const kind of ['silent', 'lost', 'not-asked'] as const) {
    note(kind);
    assert.equal(records.of('web1').isSuspect, true, kind);
  }
  assert.equal(records.of('web2').isSuspect, false);
  records.of('web1').answeredLate();
  assert.equal(records.of('web1').isSuspect, false);
  note('silent');
  note('absent');
  assert.equal(records.of('web1').isSuspect, false, 'it is told at once that it is not there');
});
