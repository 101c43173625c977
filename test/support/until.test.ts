import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './until.ts';

test('resolves to the first truthy answer, and takes a question that throws for a no', async () => {
  let looks = 0;
  const answer = await until(
    () => {
      looks++;
      if (looks === 1) {
        throw new Error('not yet');
      }
      return looks === 3 && 'there';
    },
    { what: 'the third look', everyMs: 1 },
  );
  assert.equal(answer, 'there');
});

test('gives up in time and says what it waited for and what it saw last', async () => {
  const wait = until(() => [].length, { what: 'there is one', timeoutMs: 20, everyMs: 1 });
  await assert.rejects(
    wait,
    /^Error: Waited 20 ms in vain until there is one: the last look gave 0$/,
  );
});
