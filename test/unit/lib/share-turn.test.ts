import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { nextTurn, shareLooks } from '../../../src/lib/coalesce.ts';
import { shareTurn } from '../../../src/lib/share-turn.ts';

const alice = { name: 'alice' };
const bob = { name: 'bob' };

test('who asks the same of the same in one turn shares what is made, and nobody else does', async () => {
  const share = shareTurn<object, string>(nextTurn);
  const made: string[] = [];
  const ask = (of: { name: string }, key: string) =>
    share(of, key, async () => {
      made.push(`${of.name} ${key}`);
      return `${of.name} ${key}`;
    });
  const answers = [ask(alice, 'a'), ask(alice, 'a'), ask(alice, 'b'), ask(bob, 'a')];
  assert.deepEqual(await Promise.all(answers), ['alice a', 'alice a', 'alice b', 'bob a']);
  assert.deepEqual(made, ['alice a', 'alice b', 'bob a']);
  await setImmediate();
  await ask(alice, 'a');
  assert.equal(made.length, 4, 'a later turn has its own');
});

test('one that is an equal object is not the same', async () => {
  const share = shareTurn<object, number>(nextTurn);
  let made = 0;
  const make = async () => {
    made += 1;
    return made;
  };
  await Promise.all([share(alice, '', make), share({ ...alice }, '', make)]);
  assert.equal(made, 2);
});

test('nobody gets a look that began before he asked, at whatever moment of a turn that is', async () => {
  // As the channel has it: one end of the turn for all who wait for it.
  let over: Promise<void> | null = null;
  const turn = () => {
    over ??= nextTurn().then(() => {
      over = null;
    });
    return over;
  };
  let time = 0;
  const look = shareLooks(async () => {
    const begunAt = time;
    await setTimeout(Math.random() * 2);
    return begunAt;
  }, turn);
  const share = shareTurn<object, number>(turn);
  const asked: Promise<void>[] = [];
  const ask = async () => {
    time += 1;
    const askedAt = time;
    const begunAt = await share(alice, '', async () => {
      // What a function does before it looks, as long as it waits for nothing of the system.
      await Promise.resolve();
      return look();
    });
    assert.ok(begunAt >= askedAt, `asked at ${askedAt}, got a look of ${begunAt}`);
  };
  const askSoon = () => asked.push(ask());
  const moments = [
    async () => Promise.resolve(),
    async () => setImmediate(),
    async () => setTimeout(0),
    async () => stat('/'),
    // From one end of a turn just before another's, and from the turn in between.
    async () => {
      globalThis.setImmediate(askSoon);
      askSoon();
    },
    async () => {
      globalThis.setImmediate(() => globalThis.setTimeout(askSoon, 0));
      globalThis.setImmediate(askSoon);
    },
  ];
  for (let round = 0; round < 600; round += 1) {
    askSoon();
    await moments[Math.floor(Math.random() * moments.length)]?.();
  }
  await setTimeout(20);
  await Promise.all(asked);
});

test('who asks once it is made gets another, also in the same turn', async () => {
  const share = shareTurn<object, number>(() => new Promise(() => {}));
  let made = 0;
  const make = async () => {
    made += 1;
    return made;
  };
  assert.equal(await share(alice, '', make), 1);
  assert.equal(await share(alice, '', make), 2);
});

test('what fails fails for all who share it, and is made anew in the next turn', async () => {
  const share = shareTurn<object, string>(nextTurn);
  const fail = () => Promise.reject(new Error('broken'));
  for (const each of [share(bob, '', fail), share(bob, '', fail)]) {
    await assert.rejects(each, /broken/);
  }
  await setImmediate();
  assert.equal(await share(bob, '', async () => 'fine'), 'fine');
});
