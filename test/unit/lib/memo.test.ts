import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemo, memoized } from '../../../src/lib/memo.ts';

test('what is made of an object is made once for each key', () => {
  const memo = createMemo<object, object>();
  const [one, other] = [{}, {}];
  const made = memo(one, 'a', () => ({}));
  assert.equal(
    memo(one, 'a', () => assert.fail('it is there')),
    made,
  );
  assert.notEqual(
    memo(one, 'b', () => ({})),
    made,
  );
  assert.notEqual(
    memo(other, 'a', () => ({})),
    made,
  );
});

test('an object that lives on does not keep what was made for every key that clients send', async () => {
  const memo = createMemo<object, object>();
  const source = {};
  let freed = 0;
  const registry = new FinalizationRegistry(() => {
    freed += 1;
  });
  for (let key = 0; key < 100_000; key += 1) {
    const made = {};
    registry.register(made, null);
    memo(source, String(key), () => made);
    // The registry tells between two turns, of what a collection in between has found.
    if (key % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(freed > 10_000, `${freed} of 100,000 are freed`);
});

test('a thing of one object alone is made once', () => {
  let times = 0;
  const count = memoized((_source: object) => {
    times += 1;
    return times;
  });
  const source = {};
  assert.deepEqual([count(source), count(source), count({})], [1, 1, 2]);
});
