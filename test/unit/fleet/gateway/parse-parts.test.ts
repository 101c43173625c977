import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseParts } from '../../../../src/fleet/gateway/parse-parts.ts';
import { instanceOf } from '../../../../src/fleet/gateway/read-answer.ts';
import { maxParts } from '../../../../src/fleet/messages/answer.ts';

const instance = 'i'.repeat(22);
const head = {
  version: '1',
  begunAt: 1,
  scanMs: 1,
  digest: 'd'.repeat(43),
  gaps: [],
  daemons: [],
};
const part = (said: object) => Buffer.from(JSON.stringify({ v: 1, instance, ...said }));
const items = (count: number) => part({ items: Array(count).fill({ fault: fault }) });
const fault = { daemon: 'proftpd', fault: 'elsewhere' };

/** These parts; one more behind them must never be read. */
function unreadBehind(...parts: readonly Buffer[]): Buffer[] {
  const all = [...parts, Buffer.alloc(0)];
  return Object.defineProperty(all, parts.length, { get: () => assert.fail('it was read') });
}

describe('the parts of an answer that a host makes as dear to read as it can', () => {
  test('are read one in a turn of the event loop, so that others are answered meanwhile', async () => {
    const more = Array.from({ length: maxParts - 1 }, () => part({ sessions: [] }));
    let turns = 0;
    let isOver = false;
    const count = () => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const read = await parseParts([part({ head, sessions: [] }), ...more]);
    isOver = true;
    assert.equal(read?.length, maxParts);
    assert.ok(turns >= maxParts - 1, `${turns} turns`);
  });

  test('are read no further than they make one answer', async () => {
    const first = part({ head, sessions: [] });
    for (const other of [
      Buffer.from('{}'),
      part({ head, sessions: [] }),
      items(1),
      part({ refused: 'failed', now: 1 }),
    ]) {
      assert.equal(await parseParts(unreadBehind(first, other)), null);
    }
    assert.equal(await parseParts(unreadBehind(items(1), first)), null);
    assert.equal(await parseParts(unreadBehind(part({ refused: 'failed', now: 1 }), first)), null);
  });

  test('have no more items than are taken, together or in one', async () => {
    assert.equal((await parseParts([items(2), items(2)], 4))?.length, 2);
    assert.equal(await parseParts(unreadBehind(items(2), items(2)), 3), null);
    assert.equal((await parseParts([items(5_000)]))?.length, 1);
    assert.equal(await parseParts([items(5_001)]), null);
  });

  test('of two machines are told as that', async () => {
    const other = Buffer.from(JSON.stringify({ v: 1, instance: 'o'.repeat(22), sessions: [] }));
    const read = await parseParts(unreadBehind(part({ head, sessions: [] }), other));
    assert.deepEqual(
      read?.map((each) => each.instance),
      [instance, 'o'.repeat(22)],
    );
  });
});

test('whose part one is that comes too late is read of its beginning alone', () => {
  for (const each of [items(1), part({ refused: 'busy', now: 1 }), part({ sessions: [] })]) {
    assert.equal(instanceOf(each), instance);
    // What stands behind it may be anything.
    assert.equal(instanceOf(each.subarray(0, 45)), instance);
    assert.equal(instanceOf(each.subarray(1)), null);
  }
  assert.equal(instanceOf(Buffer.alloc(0)), null);
});
