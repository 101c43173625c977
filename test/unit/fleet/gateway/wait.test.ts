import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startWait } from '../../../../src/fleet/gateway/wait.ts';

test('a wait ends once at its time, and not when it was stopped or nobody listens any more', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const ended: string[] = [];
  const begin = (name: string) => {
    const wait = startWait(300);
    const onEnd = { handleEvent: () => void ended.push(name) };
    wait.signal.addEventListener('abort', onEnd, { once: true });
    return { ...wait, onEnd };
  };
  const left = begin('left');
  const stopped = begin('stopped');
  const deaf = begin('deaf');
  stopped.stop();
  deaf.signal.removeEventListener('abort', deaf.onEnd);
  t.mock.timers.tick(299);
  assert.deepEqual([ended, left.signal.aborted], [[], false]);
  t.mock.timers.tick(1_000);
  assert.deepEqual(ended, ['left']);
  assert.deepEqual([left.signal.aborted, stopped.signal.aborted], [true, false]);
});

test('a wait that many share ends for each of them that still listens', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { signal } = startWait(300);
  const ended: string[] = [];
  const [first, second, third] = ['first', 'second', 'third'].map((name) => ({
    handleEvent: () => void ended.push(name),
  }));
  for (const onEnd of [first, second, third]) {
    assert.ok(onEnd !== undefined);
    signal.addEventListener('abort', onEnd, { once: true });
  }
  assert.ok(second !== undefined);
  signal.removeEventListener('abort', second);
  t.mock.timers.tick(300);
  t.mock.timers.tick(300);
  assert.deepEqual(ended, ['first', 'third']);
});
