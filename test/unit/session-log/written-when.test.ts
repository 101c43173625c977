import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TransferLine } from '../../../src/daemons/transfer-line.ts';
import { createWrittenWhen } from '../../../src/session-log/written-when.ts';

const aheadMs = (5 * 60 + 45) * 60_000;
const noon = Date.UTC(2026, 10, 29, 12);

/** A line of a log without a zone, of what a clock on the wall showed: by the host's zone, which is east, and by UTC. */
function lineOf(wall: number): TransferLine {
  return {
    session: null,
    user: 'alice',
    peer: '192.0.2.7',
    endedAt: [wall - aheadMs, wall],
    direction: 'upload',
    bytes: 1,
    seconds: 0,
    isWhole: true,
    file: '/f',
  };
}

const byLocalTime = (at: number) => lineOf(at + aheadMs);
const timesOf = (lines: readonly TransferLine[]) => lines.map(({ endedAt }) => endedAt);

test('a line that is read as it is written has the time of that moment, whichever zone its daemon writes in', () => {
  for (const make of [byLocalTime, lineOf]) {
    const when = createWrittenWhen();
    const lines = [make(noon - 3_000), make(noon)];
    const taken = when.take(lines, { from: noon - 5_000, to: noon });
    assert.deepEqual(timesOf(taken), [[noon - 3_000], [noon]]);
  }
});

test('of lines that were there before none is of a time that is exactly an offset later or earlier', () => {
  for (const make of [byLocalTime, lineOf]) {
    const when = createWrittenWhen();
    const times = [noon - 2 * aheadMs, noon - aheadMs, noon - 60_001, noon];
    const taken = when.take(times.map(make), { from: null, to: noon + 1_000 });
    assert.deepEqual(
      timesOf(taken),
      times.map((at) => [at]),
    );
  }
});

test('where it cannot be told both times are left, and what is told of later lines holds from then on', () => {
  const when = createWrittenWhen();
  // The file was touched long after its last line.
  const old = byLocalTime(noon - 2 * aheadMs);
  assert.deepEqual(timesOf(when.take([old], { from: null, to: noon })), [old.endedAt]);
  assert.deepEqual(timesOf(when.take([byLocalTime(noon)], { from: noon, to: noon })), [[noon]]);
  const later = { from: noon, to: noon + 3 * aheadMs };
  assert.deepEqual(timesOf(when.take([byLocalTime(noon + aheadMs)], later)), [[noon + aheadMs]]);
});
