import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shareFanOut } from '../../../../src/fleet/gateway/share-fan-out.ts';

test('callers of one round with the same list share one work on it, and the next round has another', async () => {
  let rounds = 0;
  const ask = shareFanOut((questions) => {
    rounds += 1;
    return new Map(questions.map((each) => [each, Promise.resolve({ kind: 'silent' as const })]));
  });
  const questionOf = (host: string) => ({ host, question: { users: null, details: false } });
  const list = [questionOf('web1'), questionOf('web2')];
  const first = ask(list);
  assert.equal(ask(list), first);
  assert.notEqual(ask([...list]), first, 'an equal list is another one');
  assert.deepEqual(
    (await first).map(({ kind }) => kind),
    ['silent', 'silent'],
  );
  assert.equal(rounds, 1);
  assert.notEqual(ask(list), first, 'what was asked before is not told again');
  await ask(list);
  assert.equal(rounds, 2);
});
