import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { shareLooks } from '../../src/ftp/shared-look.ts';
import { shareTurn } from '../../src/uapi/share-turn.ts';

const alice = { name: 'alice' };
const bob = { name: 'bob' };

test('who asks the same of the same in one turn shares what is made, and nobody else does', async () => {
  const share = shareTurn<object, string>();
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
  const share = shareTurn<object, number>();
  let made = 0;
  const make = async () => {
    made += 1;
    return made;
  };
  await Promise.all([share(alice, '', make), share({ ...alice }, '', make)]);
  assert.equal(made, 2);
});

test('nobody gets a look that began before he asked', async () => {
  let time = 0;
  const look = shareLooks(async () => {
    const begunAt = time;
    await setImmediate();
    return begunAt;
  });
  const share = shareTurn<object, number>();
  const asked: Promise<void>[] = [];
  const ask = async () => {
    const askedAt = time;
    const begunAt = await share(alice, '', async () => {
      // What a function does before it looks, as long as it waits for nothing of the system.
      await Promise.resolve();
      return look();
    });
    assert.ok(begunAt >= askedAt, `asked at ${askedAt}, got a look of ${begunAt}`);
  };
  for (time = 1; time < 500; time += 1) {
    asked.push(ask());
    if (time % 3 === 0) await Promise.resolve();
    if (time % 7 === 0) await setImmediate();
  }
  await Promise.all(asked);
});

test('what fails fails for all who share it, and is made anew in the next turn', async () => {
  const share = shareTurn<object, string>();
  const fail = () => Promise.reject(new Error('broken'));
  for (const each of [share(bob, '', fail), share(bob, '', fail)]) {
    await assert.rejects(each, /broken/);
  }
  await setImmediate();
  assert.equal(await share(bob, '', async () => 'fine'), 'fine');
});
