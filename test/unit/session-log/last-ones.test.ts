import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLastOnes } from '../../../src/session-log/last-ones.ts';

test('of more texts than are remembered the oldest is forgotten, in a step and not in one for each', (t) => {
  const max = 100;
  const last = createLastOnes(max);
  const names = Array.from({ length: max + 2 }, (_, i) => String(i));
  const iterate = Set.prototype[Symbol.iterator];
  let steps = 0;
  t.mock.method(Set.prototype, Symbol.iterator, function* (this: Set<unknown>) {
    for (const each of { [Symbol.iterator]: () => iterate.call(this) }) {
      steps += 1;
      yield each;
    }
  });
  for (const name of names) last.add(name);
  t.mock.restoreAll();
  assert.equal(steps, 2);
  assert.deepEqual(
    names.filter((name) => !last.has(name)),
    ['0', '1'],
  );
});
