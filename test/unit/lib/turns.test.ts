import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from '../../../src/lib/turns.ts';

test('what is done under one key is done in turns, under another beside it, and too many are refused', async () => {
  const turns = createTurns(2);
  const done: string[] = [];
  let finish = () => {};
  const first = turns.take('a', async () => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    done.push('first');
    throw new Error('fails');
  });
  const second = turns.take('a', async () => void done.push('second'));
  assert.equal(
    turns.take('a', async () => {}),
    null,
  );
  await turns.take('b', async () => void done.push('other'));
  assert.deepEqual(done, ['other']);
  finish();
  await assert.rejects(first ?? Promise.resolve(), /fails/);
  await second;
  assert.deepEqual(done, ['other', 'first', 'second']);
  assert.ok(turns.take('a', async () => {}));
});
