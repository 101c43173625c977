import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { coalesceLooks } from '../../../src/lib/coalesce.ts';

/** Fake looks, because their ends have to be forced: they end when the test says so. */
class Looks {
  clock = 0;
  begun = 0;
  most = 0;
  readonly running: { end(): void; fail(): void }[] = [];

  readonly look = (): Promise<{ begunAt: number }> => {
    this.begun++;
    const begunAt = ++this.clock;
    return new Promise((resolve, reject) => {
      this.running.push({
        end: () => resolve({ begunAt }),
        fail: () => reject(new Error('forced')),
      });
      this.most = Math.max(this.most, this.running.length);
    });
  };
}

describe('a look that callers share', () => {
  let looks: Looks;
  let ask: () => Promise<{ begunAt: number }>;

  beforeEach(() => {
    looks = new Looks();
    ask = coalesceLooks(looks.look);
  });

  test('begins when all that came in at the same turn has been read', async () => {
    const answer = ask();
    assert.equal(looks.begun, 0);
    const beside = ask();
    await turn();
    assert.equal(looks.begun, 1);
    looks.running.shift()?.end();
    assert.deepEqual(await answer, { begunAt: 1 });
    assert.equal(await beside, await answer);
  });

  test('is never one that began before the caller asked', async () => {
    const first = ask();
    await turn();
    const askedAt = ++looks.clock;
    const second = ask();
    looks.running.shift()?.end();
    await first;
    await turn();
    looks.running.shift()?.end();
    assert.ok((await second).begunAt > askedAt);
  });

  test('is one for all who wait', async () => {
    const first = ask();
    await turn();
    const waiting = Array.from({ length: 100 }, () => ask());
    looks.running.shift()?.end();
    await first;
    await turn();
    assert.equal(looks.running.length, 1);
    looks.running.shift()?.end();
    await Promise.all(waiting);
    assert.equal(looks.begun, 2);
  });

  test('fails for those alone who share it', async () => {
    const first = ask();
    await turn();
    const second = ask();
    looks.running.shift()?.fail();
    await assert.rejects(first, /forced/);
    await turn();
    looks.running.shift()?.end();
    await second;
    const third = ask();
    await turn();
    looks.running.shift()?.end();
    await third;
    assert.equal(looks.begun, 3);
  });

  test('holds all of this in any order of events', async () => {
    const event = fc.constantFrom('ask', 'ask', 'end', 'fail', 'turn', 'microtask');
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
        looks = new Looks();
        ask = coalesceLooks(looks.look);
        const answers: Promise<void>[] = [];
        for (const name of events) {
          if (name === 'ask') {
            const askedAt = looks.clock++;
            const check = ({ begunAt }: { begunAt: number }) => assert.ok(begunAt > askedAt);
            const failed = (error: Error) => assert.equal(error.message, 'forced');
            answers.push(ask().then(check, failed));
          }
          if (name === 'end') looks.running.shift()?.end();
          if (name === 'fail') looks.running.shift()?.fail();
          if (name === 'turn') await turn();
          if (name === 'microtask') await Promise.resolve();
        }
        await turn();
        for (let i = 0; i < 3; i++) {
          looks.running.shift()?.end();
          await turn();
        }
        await Promise.all(answers);
        assert.ok(looks.most <= 1);
      }),
    );
  });
});
