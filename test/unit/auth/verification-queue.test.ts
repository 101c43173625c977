import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  type Applicant,
  createVerificationQueue,
  GoneError,
  tooManyLogins,
} from '../../../src/auth/verification-queue.ts';
import { RetryLaterError } from '../../../src/http/retry-later-error.ts';

/** Two at a time, ten places at the pace of 100 ms that is expected. */
const limits = { concurrency: 2, maxWaitMs: 500, expectedMs: 100 };

/** A queue whose tasks end when the test says so, each after the same time of the test's clock. */
function scene(taskMs = 100) {
  const clock = { ms: 0 };
  const queue = createVerificationQueue(limits, () => clock.ms);
  const running: (() => void)[] = [];
  const [begun, refused, gone]: [string[], string[], string[]] = [[], [], []];
  /** Applies with a task of that name, as "HOLDER" or "HOLDER-NUMBER". */
  const apply = (name: string, facts: Partial<Applicant> = {}) => {
    const holder = name.split('-', 1)[0] ?? '';
    const applicant = { address: holder, account: holder, isKnown: false, isWanted: () => true };
    const task = () => {
      begun.push(name);
      return new Promise<void>((resolve) => running.push(resolve));
    };
    queue.run({ ...applicant, ...facts }, task).catch((error: unknown) => {
      if (error instanceof RetryLaterError) refused.push(name);
      else if (error instanceof GoneError) gone.push(name);
      else throw error;
    });
  };
  const known = (name: string) => apply(name, { isKnown: true });
  /** Ends the tasks that run, so that as many others begin. */
  const endTasks = async () => {
    clock.ms += taskMs;
    for (const end of running.splice(0)) end();
    await setImmediate();
  };
  const endAll = async () => {
    while (running.length > 0) await endTasks();
  };
  return { queue, apply, known, endTasks, endAll, begun, refused, gone };
}

const named = (holder: string, count: number) =>
  Array.from({ length: count }, (_, number) => `${holder}-${number}`);

test('as many run at a time as the limits say, the others in turn, also after one that failed', async () => {
  const { queue, apply, endTasks, endAll, begun } = scene();
  for (const name of named('a', 5)) apply(name);
  assert.deepEqual([begun.length, queue.size], [2, 3]);
  await endTasks();
  assert.equal(begun.length, 4);
  await endAll();
  assert.deepEqual([begun, queue.size], [named('a', 5), 0]);
  const applicant = { address: 'a', account: 'a', isKnown: false, isWanted: () => true };
  const failing = async () => {
    throw new Error('out of memory');
  };
  for (let time = 0; time < 5; time += 1) {
    await assert.rejects(queue.run(applicant, failing), /out of memory/);
  }
  assert.equal(await queue.run(applicant, async () => 'fine'), 'fine');
});

test('two hundred addresses that send one each fill the queue and not more; each of the rest is told when to come again', async () => {
  const { queue, apply, refused, endAll, begun } = scene();
  for (let i = 0; i < 200; i += 1) apply(`a${i}`);
  assert.equal(queue.size, 10);
  await setImmediate();
  assert.deepEqual([begun.length, refused.length], [2, 188]);
  await endAll();
  assert.equal(begun.length, 12);
  assert.equal(tooManyLogins(2).statusCode, 503);
});

test('the queue holds so much work as was measured: half as many tasks that take twice as long', async () => {
  const capacityAt = async (taskMs: number) => {
    const { queue, apply, endAll } = scene(taskMs);
    for (let round = 0; round < 20; round += 1) {
      for (const name of named(`a${round}`, 8)) apply(name);
      await endAll();
    }
    for (let i = 0; i < 200; i += 1) apply(`b${i}`);
    return queue.size;
  };
  assert.deepEqual(
    // The mean comes near, and there are eight places whatever it is.
    [await capacityAt(10), await capacityAt(20), await capacityAt(40), await capacityAt(5000)],
    [99, 49, 24, 8],
  );
});

test('addresses take turns, however much one of them sends', async () => {
  const { apply, endAll, begun } = scene();
  for (const name of named('a', 6)) apply(name);
  for (const name of ['b-0', 'c-0', 'b-1']) apply(name);
  await endAll();
  assert.deepEqual(begun, ['a-0', 'a-1', 'a-2', 'b-0', 'c-0', 'a-3', 'b-1', 'a-4', 'a-5']);
});

test('all of an IPv6 /56 take turns as one', async () => {
  const { apply, endAll, begun } = scene();
  for (let i = 0; i < 6; i += 1) apply(`x-${i}`, { address: `2001:db8:0:${i}::1` });
  apply('y', { address: '2001:db8:0:100::1' });
  await endAll();
  assert.equal(begun.indexOf('y'), 3);
});

test('who is known waits for no queue of strangers, and strangers have a turn of four beside those', async () => {
  const { apply, known, endAll, begun, refused } = scene();
  for (let i = 0; i < 50; i += 1) apply(`s${i}`);
  for (const name of named('k', 4)) known(name);
  await endAll();
  assert.deepEqual(begun.slice(0, 7), ['s0', 's1', 'k-0', 'k-1', 'k-2', 's2', 'k-3']);
  assert.ok(refused.every((name) => name.startsWith('s')));
});

test('in a full queue the lane above its share makes room, and in it the one that has most', async () => {
  const { apply, known, refused, queue } = scene();
  for (const name of [...named('a', 8), ...named('b', 4)]) apply(name);
  assert.equal(queue.size, 10);
  for (const name of ['c', 'a-9', 'd']) apply(name);
  await setImmediate();
  assert.deepEqual(refused, ['a-7', 'a-9', 'a-6']);
  // Seven of ten places are theirs, whoever had them before.
  for (const name of [...named('k', 3), 'l', 'm', 'n', 'o']) known(name);
  await setImmediate();
  assert.deepEqual(refused.slice(3), ['b-3', 'a-5', 'b-2', 'a-4', 'b-1', 'a-3', 'd']);
  known('p');
  apply('e');
  await setImmediate();
  assert.deepEqual(refused.slice(10), ['k-2', 'e']);
  assert.equal(queue.size, 10);
});

test('an account that is known fills the queue from many addresses only up to its share', async () => {
  const { apply, known, refused, queue } = scene();
  for (let i = 0; i < 60; i += 1) {
    apply(`insider-${i}`, { isKnown: true, address: `192.0.2.${i}` });
  }
  assert.equal(queue.size, 10);
  known('honest');
  apply('stranger');
  await setImmediate();
  // Two run, ten wait.
  assert.ok(refused.length === 50 && refused.every((name) => name.startsWith('insider')));
});

test('what nobody waits for any more is not begun, and takes nobody’s place', async () => {
  const { apply, refused, gone, begun, endAll, queue } = scene();
  let isThere = true;
  apply('a-0');
  apply('a-1');
  for (let i = 0; i < 10; i += 1) apply(`leaving${i}`, { isWanted: () => isThere });
  isThere = false;
  apply('b');
  assert.equal(queue.size, 1);
  await endAll();
  assert.deepEqual([begun, refused, gone.length], [['a-0', 'a-1', 'b'], [], 10]);
  apply('c-0');
  apply('c-1');
  apply('late', { isWanted: () => false });
  await endAll();
  assert.deepEqual(begun.slice(3), ['c-0', 'c-1']);
  assert.equal(gone.length, 11);
});
