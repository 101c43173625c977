import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseStat } from '../../../../../src/os/processes/procfs/stat.ts';

/** A line of /proc/PID/stat: fields 3 to 25 behind a name of choice. */
function statLine(name: string, parent: number, start: number): string {
  const before = ['S', parent, ...Array(17).fill(7)];
  return `4711 (${name}) ${[...before, start, 0, 0, 0].join(' ')}\n`;
}

describe('the stat of a process', () => {
  for (const name of ['sleep', 'a b', ')', 'x) S 1 2', 'a\nb', '(((', ') R 0 0 0 0 0 0 0 0', '']) {
    test(`is read behind the name ${JSON.stringify(name)}`, () => {
      const hasEnded = false;
      assert.deepEqual(parseStat(statLine(name, 42, 1234)), {
        name,
        hasEnded,
        parentPid: 42,
        startTicks: 1234,
      });
    });
  }

  test('is read behind any name', () => {
    const number = fc.integer({ min: 0, max: 2 ** 40 });
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), number, number, (name, parentPid, startTicks) => {
        const stat = parseStat(statLine(name, parentPid, startTicks));
        assert.deepEqual(stat, { name, hasEnded: false, parentPid, startTicks });
      }),
    );
  });

  test('is null for a text of another form', () => {
    for (const text of ['', '1 (x', '1 (x)', '1 (x) S', '1 (x) S 2 3', '1 (x) S a b']) {
      assert.equal(parseStat(text), null, text);
    }
    assert.equal(parseStat(statLine('x', -1, 5)), null);
    assert.equal(parseStat(statLine('x', 1, Number.NaN)), null);
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        parseStat(Buffer.from(bytes).toString('latin1'));
        parseStat(`1 (${Buffer.from(bytes).toString('latin1')}`);
      }),
    );
  });
});
