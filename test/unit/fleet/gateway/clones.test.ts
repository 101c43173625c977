import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCloneWatch } from '../../../../src/fleet/gateway/clones.ts';

test('two runs that answer one request are two machines, whichever comes first', () => {
  for (const [first, second] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const watch = createCloneWatch();
    watch.saw('web1', 1, first);
    watch.saw('web2', 1, second);
    assert.deepEqual([watch.clonesOf('web1'), watch.clonesOf('web2')], [null, null]);
    watch.saw('web1', 1, second);
    assert.deepEqual(watch.clonesOf('web1'), ['a', 'b']);
    assert.equal(watch.clonesOf('web2'), null, 'whose run answers for another host is none of it');
  }
});

test('a run that answers again after another one has is of a second machine; one after the other are restarts', () => {
  const watch = createCloneWatch();
  for (const [index, instance] of ['a', 'b', 'b', 'c', 'd'].entries()) {
    watch.saw('web1', index, instance);
    assert.equal(watch.clonesOf('web1'), null, instance);
  }
  watch.saw('web1', 5, 'c');
  assert.deepEqual(watch.clonesOf('web1'), ['c', 'd']);
});

test('they are two until only one of them has answered for eleven seconds, and then one again', () => {
  const watch = createCloneWatch();
  watch.saw('web1', 0, 'a');
  watch.saw('web1', 0, 'b');
  // That the first one answers after the other is the last sign of two.
  for (const askedAt of [5_000, 10_000, 21_000]) {
    watch.saw('web1', askedAt, 'a');
    assert.deepEqual(watch.clonesOf('web1'), ['a', 'b'], `${askedAt}`);
  }
  watch.saw('web1', 21_001, 'a');
  assert.equal(watch.clonesOf('web1'), null);
  watch.saw('web1', 25_000, 'b');
  assert.equal(watch.clonesOf('web1'), null, 'it may have been started since');
  watch.saw('web1', 25_000, 'a');
  assert.deepEqual(watch.clonesOf('web1'), ['a', 'b']);
});
