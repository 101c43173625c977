import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../../../src/uapi/call/api-error.ts';
import { createFairScheduler } from '../../../../src/uapi/transforms/fair-scheduler.ts';
import type { Steps } from '../../../../src/uapi/transforms/index.ts';

/** A clock that only what is run moves, and turns by it. */
function scene() {
  let time = 0;
  let waiting: { at: number; run: () => void } | null = null;
  const plain = createFairScheduler({
    now: () => time,
    later: (ms, run) => {
      assert.equal(waiting, null, 'one turn at a time');
      waiting = { at: time + ms, run };
    },
  });
  const turns = {
    run: <Result>(account: string, steps: Steps<Result>, isWanted = () => true) =>
      plain.run(account, steps, isWanted),
  };
  /** How long each step of the account's took, and when it began. */
  const steps: { account: string; at: number; ms: number }[] = [];
  function* work(account: string, ms: number, count: number): Steps<string> {
    for (let done = 0; done < count; done += 1) {
      steps.push({ account, at: time, ms });
      time += ms;
      yield;
    }
    return account;
  }
  /** Does what waits until nothing does, or until then. */
  const settle = async (until = Number.POSITIVE_INFINITY) => {
    while (waiting !== null && waiting.at <= until) {
      const { at, run } = waiting;
      time = Math.max(time, at);
      waiting = null;
      run();
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { turns, work, steps, settle, now: () => time };
}

const sum = (steps: readonly { ms: number }[]) => steps.reduce((all, { ms }) => all + ms, 0);

test('what takes a few milliseconds is done at once', () => {
  const { turns, work } = scene();
  assert.equal(turns.run('alice', work('alice', 1, 5)), 'alice');
});

test('what takes longer is done in slices, between which the event loop is free', async () => {
  const { turns, work, steps, settle } = scene();
  const result = turns.run('alice', work('alice', 1, 100));
  assert.ok(result instanceof Promise);
  assert.equal(steps.length, 8);
  await settle();
  assert.equal(await result, 'alice');
  assert.equal(steps.length, 100);
});

test('one account that wants everything gets a quarter of the time', async () => {
  const { turns, work, steps, settle } = scene();
  const results = Array.from({ length: 8 }, () => turns.run('mallory', work('mallory', 4, 1000)));
  await settle(20_000);
  const share = sum(steps) / 20_000;
  assert.ok(share > 0.2 && share < 0.3, `${share}`);
  await settle();
  assert.equal((await Promise.all(results)).length, 8);
});

test('all accounts together get half of the time', async () => {
  const { turns, work, steps, settle } = scene();
  for (let account = 0; account < 50; account += 1) {
    void turns.run(`m${account}`, work(`m${account}`, 4, 1000));
  }
  await settle(20_000);
  const share = sum(steps) / 20_000;
  assert.ok(share > 0.4 && share < 0.6, `${share}`);
});

test('an account with one costly call does not wait for all of another’s', async () => {
  const { turns, work, settle, now } = scene();
  for (let call = 0; call < 8; call += 1) {
    void turns.run('mallory', work('mallory', 4, 10_000));
  }
  await settle(5000);
  const begun = now();
  let doneAt = 0;
  const alice = Promise.resolve(turns.run('alice', work('alice', 4, 25))).then(() => {
    doneAt = now();
  });
  for (let time = begun; doneAt === 0; time += 8) await settle(time);
  await alice;
  // A hundred milliseconds of work, in turn with one other, in half of the time.
  assert.ok(doneAt - begun < 5 * 100, `${doneAt - begun}`);
});

test('an account may have eight costly calls waiting, and others are not refused for it', async () => {
  const { turns, work, settle } = scene();
  const calls = Array.from({ length: 8 }, () => turns.run('mallory', work('mallory', 4, 100)));
  const ninth = Promise.resolve(turns.run('mallory', work('mallory', 4, 100)));
  const refused = assert.rejects(ninth, /^ApiError: 8 costly calls/);
  const alice = turns.run('alice', work('alice', 4, 100));
  await settle();
  await refused;
  assert.equal(await alice, 'alice');
  assert.equal((await Promise.all(calls)).length, 8);
  assert.equal(await runAgain(), 'mallory');

  async function runAgain() {
    const again = turns.run('mallory', work('mallory', 4, 2));
    await settle();
    return again;
  }
});

test('what the steps throw reaches the caller, at once or later, and the next one has its turn', async () => {
  const { turns, work, settle } = scene();
  function* failing(after: number): Steps<string> {
    yield* work('alice', 1, after);
    throw new ApiError('too large');
  }
  assert.throws(() => turns.run('alice', failing(1)), /too large/);
  const later = turns.run('alice', failing(50));
  const next = turns.run('alice', work('alice', 1, 50));
  const refused = assert.rejects(Promise.resolve(later), /too large/);
  await settle();
  await refused;
  assert.equal(await next, 'alice');
});

test('a call that no client waits for goes no further, and leaves its place to others', async () => {
  const { turns, work, steps, settle, now } = scene();
  let isWanted = true;
  const calls = Array.from({ length: 8 }, () =>
    Promise.resolve(turns.run('alice', work('alice', 4, 1000), () => isWanted)),
  );
  const refused = Promise.all(calls.map((call) => assert.rejects(call, ApiError)));
  await settle(1000);
  const [before, at] = [steps.length, now()];
  isWanted = false;
  const next = turns.run('alice', work('next', 4, 10));
  await refused;
  await settle();
  assert.equal(await next, 'next');
  assert.equal(steps.length - before, 10);
  assert.ok(now() - at < 1000, `${now() - at} ms`);
});

test('a hundred small calls of one account at once are all answered, in a few slices', async () => {
  const { turns, work, settle, now } = scene();
  const calls = Array.from({ length: 100 }, () => turns.run('alice', work('alice', 0.5, 1)));
  await settle();
  assert.equal((await Promise.all(calls)).length, 100);
  assert.ok(now() <= 2.5 * 100 * 0.5, `${now()} ms`);
});
