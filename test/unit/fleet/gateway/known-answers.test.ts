import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKnownAnswers } from '../../../../src/fleet/gateway/known-answers.ts';
import type { HostAnswer } from '../../../../src/fleet/gateway/read-answer.ts';
import { ftpSession } from '../../../support/app.ts';

const megabyte = 1024 * 1024;
const rows = Array(500).fill(ftpSession());
/** An answer of so many bytes, of which a host can make few or many rows. */
const answer = (bytes: number): HostAnswer => ({
  sessions: rows,
  details: undefined,
  gaps: [],
  daemons: [],
  digest: 'd'.repeat(43),
  version: '1',
  bytes,
});
const numbers = (length: number) => Array.from({ length }, (_, index) => index);

test('what is known of a fleet takes so many bytes and no more, however few rows they are', () => {
  const known = createKnownAnswers();
  for (const each of numbers(100)) known.set(`web${each}`, 'all', answer(16 * megabyte));
  const kept = numbers(100).filter((each) => known.get(`web${each}`, 'all') !== undefined);
  assert.deepEqual(
    kept,
    numbers(15).map((each) => each + 85),
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
  const known = createKnownAnswers({ all: 10_000, ofHost: 10_000 });
  const first = answer(2_000);
  known.set('web1', 'all', first);
  for (const each of ['web2', 'web3']) known.set(each, 'all', answer(2_000));
  known.set('web1', 'all', first);
  known.set('web4', 'all', answer(2_000));
  assert.equal(known.get('web1', 'all'), first);
  assert.equal(known.get('web2', 'all'), undefined);
  assert.ok(known.get('web3', 'all'));
});
