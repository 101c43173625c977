import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { coalesce } from '../../../src/lib/coalesce.ts';

/** Fake scans, because their ends have to be forced: they end when the test says so. */
class Scans {
  clock = 0;
  begun = 0;
  max = 0;
  readonly running: { end(): void; fail(): void }[] = [];

  readonly scan = (): Promise<{ begunAt: number }> => {
    this.begun++;
    const begunAt = ++this.clock;
    return new Promise((resolve, reject) => {
      this.running.push({
        end: () => resolve({ begunAt }),
        fail: () => reject(new Error('forced')),
      });
      this.max = Math.max(this.max, this.running.length);
    });
  };
}

for (const next of ['after-poll', 'at-once'] as const)
  describe(`a scan that callers share, the next one ${next}`, () => {
    let scans: Scans;
    let ask: () => Promise<{ begunAt: number }>;

    beforeEach(() => {
      scans = new Scans();
      ask = coalesce(scans.scan, { next });
    });

    test('begins when all that came in at the same turn has been read', async () => {
      const answer = ask();
      assert.equal(scans.begun, 0);
      const beside = ask();
      await turn();
      assert.equal(scans.begun, 1);
      scans.running.shift()?.end();
      assert.deepEqual(await answer, { begunAt: 1 });
      assert.equal(await beside, await answer);
    });

    test('is never one that began before the caller asked', async () => {
      const first = ask();
      await turn();
      const askedAt = ++scans.clock;
      const second = ask();
      scans.running.shift()?.end();
      await first;
      await turn();
      scans.running.shift()?.end();
      assert.ok((await second).begunAt > askedAt);
    });

    test('is one for all who wait', async () => {
      const first = ask();
      await turn();
      const waiting = Array.from({ length: 100 }, () => ask());
      scans.running.shift()?.end();
      await first;
      await turn();
      assert.equal(scans.running.length, 1);
      scans.running.shift()?.end();
      await Promise.all(waiting);
      assert.equal(scans.begun, 2);
    });

    test('fails for those alone who share it', async () => {
      const first = ask();
      await turn();
      const second = ask();
      scans.running.shift()?.fail();
      await assert.rejects(first, /forced/);
      await turn();
      scans.running.shift()?.end();
      await second;
      const third = ask();
      await turn();
      scans.running.shift()?.end();
      await third;
      assert.equal(scans.begun, 3);
    });

    test('holds all of this in any order of events', async () => {
      const event = fc.constantFrom('ask', 'ask', 'end', 'fail', 'turn', 'microtask');
      await fc.assert(
        fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
          scans = new Scans();
          ask = coalesce(scans.scan, { next });
          const answers: Promise<void>[] = [];
          for (const name of events) {
            if (name === 'ask') {
              const askedAt = scans.clock++;
              const check = ({ begunAt }: { begunAt: number }) => assert.ok(begunAt > askedAt);
              const failed = (error: Error) => assert.equal(error.message, 'forced');
              answers.push(ask().then(check, failed));
            }
            if (name === 'end') scans.running.shift()?.end();
            if (name === 'fail') scans.running.shift()?.fail();
            if (name === 'turn') await turn();
            if (name === 'microtask') await Promise.resolve();
          }
          await turn();
          for (let i = 0; i < 3; i++) {
            scans.running.shift()?.end();
            await turn();
          }
          await Promise.all(answers);
          assert.ok(scans.max <= 1);
        }),
      );
    });
  });

test('a scan that is to begin at once waits for no turn of the event loop', async () => {
  const begunBefore = async (next: 'after-poll' | 'at-once') => {
    const scans = new Scans();
    const ask = coalesce(scans.scan, { next });
    const first = ask();
    await turn();
    const second = ask();
    scans.running.shift()?.end();
    await first;
    for (let times = 0; times < 10; times += 1) await Promise.resolve();
    const { begun } = scans;
    await turn();
    scans.running.shift()?.end();
    await second;
    return begun;
  };
  assert.equal(await begunBefore('at-once'), 2);
  assert.equal(await begunBefore('after-poll'), 1);
});
