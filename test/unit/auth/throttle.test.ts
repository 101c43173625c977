import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Attempt, createThrottle } from '../../../src/auth/throttle.ts';
import { defaultLimits } from '../../../src/auth/throttle-limits.ts';

function throttleAt(limits = defaultLimits) {
  const clock = { ms: 0 };
  const throttle = createThrottle(limits, () => clock.ms);
  const allowed = (address: string, account: string | null): Attempt => {
    const begin = throttle.begin(address, account);
    assert.ok(begin.isAllowed, `${address} ${account} at ${clock.ms}`);
    return begin.attempt;
  };
  const refused = (address: string, account: string | null) => {
    const begin = throttle.begin(address, account);
    assert.ok(!begin.isAllowed, `${address} ${account} at ${clock.ms}`);
    return begin;
  };
  /** Waits are sat out. */
  const fail = (address: string, account: string | null, times = 1) => {
    for (let i = 0; i < times; i++) {
      const begin = throttle.begin(address, account);
      if (begin.isAllowed) begin.attempt.failed();
      else {
        clock.ms += begin.retryAfterSeconds * 1000;
        allowed(address, account).failed();
      }
    }
  };
  return { clock, throttle, allowed, refused, fail };
}

const [home, elsewhere] = ['192.0.2.7', '198.51.100.66'];

test('after five failures the waits double from one second to a quarter of an hour', () => {
  const { clock, refused, fail } = throttleAt();
  fail(home, 'bob', 5);
  const waits = Array.from({ length: 13 }, () => {
    const { retryAfterSeconds } = refused(home, 'bob');
    clock.ms += retryAfterSeconds * 1000 - 1;
    assert.equal(refused(home, 'bob').retryAfterSeconds, 1);
    clock.ms += 1;
    fail(home, 'bob');
    return retryAfterSeconds;
  });
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
});

test('asking during a wait prolongs nothing', () => {
  const { clock, allowed, refused, fail } = throttleAt();
  fail(home, 'bob', 8);
  const { retryAfterSeconds } = refused(home, 'bob');
  for (let i = 0; i < 1000; i++) refused(home, 'bob');
  clock.ms += retryAfterSeconds * 1000;
  allowed(home, 'bob').succeeded();
});

test('an attacker does not keep the owner out at another address, nor does the owner help him', () => {
  const { throttle, allowed, refused, fail } = throttleAt();
  fail(elsewhere, 'bob', 16);
  for (let i = 0; i < 1000; i++) throttle.begin(elsewhere, 'bob');
  allowed(home, 'bob').succeeded();
  assert.equal(refused(elsewhere, 'bob').retryAfterSeconds, 900);
  allowed(home, 'bob').failed();
  allowed(home, 'bob').succeeded();
});

test('one address that guesses many accounts is stopped after 50, then let try five a minute', () => {
  const { clock, throttle, refused, fail } = throttleAt();
  for (let i = 0; i < 50; i++) fail(home, `user${i}`);
  assert.equal(refused(home, 'fresh').retryAfterSeconds, 12);
  assert.equal(refused(home, null).retryAfterSeconds, 12);
  let passed = 0;
  for (let second = 0; second < 600; second++) {
    clock.ms += 1000;
    const begin = throttle.begin(home, `later${second}`);
    if (begin.isAllowed) {
      passed++;
      begin.attempt.failed();
    }
  }
  assert.equal(passed, 50);
});

test('all addresses of an IPv6 /64 are one, those of the next /64 another', () => {
  const { refused, allowed, fail } = throttleAt();
  for (let i = 0; i < 50; i++) fail(`2001:db8::${i.toString(16)}`, `user${i}`);
  refused('2001:db8::ffff', 'bob');
  allowed('2001:db8:0:1::1', 'bob');
});

test('all /64 of an IPv6 /56 have a hundred failures together, those of a /48 two hundred', () => {
  const { clock, refused, allowed, throttle } = throttleAt();
  const tryFrom = (prefix: number, host: number) => {
    const begin = throttle.begin(`2001:db8:7:${prefix.toString(16)}::1`, `user${host}`);
    if (begin.isAllowed) begin.attempt.failed();
    return begin.isAllowed;
  };
  // One guess from each /64 of one /56, then from a /64 of each other /56.
  const near = Array.from({ length: 256 }, (_, i) => tryFrom(i, i)).filter(Boolean);
  assert.equal(near.length, 100);
  const far = Array.from({ length: 255 }, (_, i) => tryFrom((i + 1) * 256, i)).filter(Boolean);
  assert.equal(far.length, 100);
  assert.equal(refused('2001:db8:7:ff00::1', 'bob').retryAfterSeconds, 3);
  allowed('2001:db8:8::1', 'bob');
  clock.ms += 3000;
  assert.equal(refused('2001:db8:7::1', 'bob').retryAfterSeconds, 3, 'the /56 has its own wait');
  allowed('2001:db8:7:ff00::1', 'bob');
});

test('a guesser with a whole /48 keeps out no account that was let in from its own /64 before', () => {
  const { clock, refused, allowed, fail } = throttleAt();
  allowed('2001:db8:7:1::5', 'bob').succeeded();
  for (let i = 0; i < 200; i += 1) fail(`2001:db8:7:${(i * 256 + 16).toString(16)}::1`, `user${i}`);
  assert.ok(refused('2001:db8:7:1::5', 'alice'), 'nobody knows this one');
  const bob = allowed('2001:db8:7:1::6', 'bob');
  bob.failed();
  refused('2001:db8:7:2::5', 'bob');
  fail('2001:db8:7:1::5', 'bob', 4);
  refused('2001:db8:7:1::5', 'bob');
  clock.ms += 31 * 86_400_000;
  const begin = allowed('2001:db8:7:1::5', 'bob');
  begin.abandoned();
});

test('an account is known at an address from its first success there, for thirty days', () => {
  const { clock, throttle, allowed } = throttleAt();
  const isKnown = (address: string, account: string | null) => {
    const begin = throttle.begin(address, account);
    assert.ok(begin.isAllowed);
    begin.attempt.abandoned();
    return begin.isKnown;
  };
  allowed(home, 'bob').failed();
  assert.equal(isKnown(home, 'bob'), false);
  allowed(home, 'bob').succeeded();
  assert.deepEqual(
    [
      [home, 'bob'],
      [home, 'alice'],
      [elsewhere, 'bob'],
      [home, null],
    ].map(([address, account]) => isKnown(address ?? '', account ?? null)),
    [true, false, false, false],
  );
  clock.ms += 29 * 86_400_000;
  allowed(home, 'bob').succeeded();
  clock.ms += 29 * 86_400_000;
  assert.equal(isKnown(home, 'bob'), true);
  clock.ms += 86_400_000;
  assert.equal(isKnown(home, 'bob'), false);
});

test('a success forgives the account at this address, and nothing of the address', () => {
  const { clock, allowed, refused, fail } = throttleAt();
  fail(home, 'bob', 4);
  allowed(home, 'bob').succeeded();
  fail(home, 'bob', 4);
  assert.equal(clock.ms, 0, 'nobody had to wait');
  // An account of his own does not buy a guesser any guesses.
  for (let i = 0; i < 42; i++) {
    allowed(home, 'mallory').succeeded();
    fail(home, `user${i}`);
  }
  refused(home, 'mallory');
});

test('successes count for nothing, however many', () => {
  const { throttle, allowed } = throttleAt();
  for (let i = 0; i < 10_000; i++) allowed(home, 'bob').succeeded();
  assert.equal(throttle.size, 0);
});

test('of a thousand guesses at once as many are looked at as could fail, and then one by one', () => {
  const { clock, throttle, refused, allowed } = throttleAt();
  const begun = Array.from({ length: 1000 }, () => throttle.begin(home, 'bob'));
  const attempts = begun.flatMap((begin) => (begin.isAllowed ? [begin.attempt] : []));
  assert.equal(attempts.length, 5);
  for (const attempt of attempts) attempt.failed();
  clock.ms += refused(home, 'bob').retryAfterSeconds * 1000;
  const one = allowed(home, 'bob');
  assert.equal(refused(home, 'bob').retryAfterSeconds, 1);
  one.abandoned();
  allowed(home, 'bob');
  const many = Array.from({ length: 1000 }, (_, i) => throttle.begin(elsewhere, `user${i}`));
  assert.equal(many.filter((begin) => begin.isAllowed).length, 50);
});

test('an outcome counts once; verifying that broke down counts for nothing', () => {
  const { throttle, allowed } = throttleAt();
  const attempt = allowed(home, 'bob');
  attempt.abandoned();
  attempt.failed();
  assert.equal(throttle.size, 0);
  const other = allowed(home, 'bob');
  for (let i = 0; i < 100; i++) other.failed();
  allowed(home, 'bob');
});

test('of the refusals of one wait only the first is to be logged', () => {
  const { clock, refused, fail } = throttleAt();
  fail(home, 'bob', 8);
  const firsts = () =>
    Array.from({ length: 50 }, () => refused(home, 'bob')).filter((each) => each.isFirst).length;
  assert.equal(firsts(), 1);
  clock.ms += 7000;
  assert.equal(firsts(), 0);
  clock.ms += 1000;
  fail(home, 'bob');
  assert.equal(firsts(), 1);
});

test('an hour of peace after the last wait forgives', () => {
  const { clock, refused, fail } = throttleAt();
  fail(home, 'bob', 5);
  clock.ms += 1000 + 3_600_000 - 1;
  fail(home, 'bob');
  assert.equal(refused(home, 'bob').retryAfterSeconds, 2);
  clock.ms += 2000 + 3_600_000;
  fail(home, 'bob', 5);
  assert.equal(refused(home, 'bob').retryAfterSeconds, 1);
});

const move = fc.oneof(
  { weight: 5, arbitrary: fc.record({ begin: fc.nat(3), at: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ end: fc.nat(20), as: fc.constantFrom('f', 'f', 's', 'a') }) },
  { weight: 2, arbitrary: fc.record({ wait: fc.integer({ min: 1, max: 40_000 }) }) },
);

test('in no order of events does an address get more failures than its limits say', () => {
  const limits = { ...defaultLimits, address: { failures: 8, periodMs: 80_000 } };
  fc.assert(
    fc.property(fc.array(move, { maxLength: 300 }), (moves) => {
      const { clock, throttle, allowed } = throttleAt(limits);
      const open: { attempt: Attempt; address: string; account: string }[] = [];
      const failures: { at: number; address: string; account: string; streak: number }[] = [];
      const streaks = new Map<string, number>();
      for (const each of moves) {
        if ('wait' in each) clock.ms += each.wait;
        else if ('begin' in each) {
          const [address, account] = [`192.0.2.${each.at}`, `user${each.begin}`];
          const begin = throttle.begin(address, account);
          if (begin.isAllowed) open.push({ attempt: begin.attempt, address, account });
          else assert.ok(begin.retryAfterSeconds >= 1 && begin.retryAfterSeconds <= 900);
        } else {
          const [ended] = open.splice(each.end % Math.max(1, open.length), 1);
          if (ended === undefined) continue;
          const pair = `${ended.address} ${ended.account}`;
          if (each.as === 's') {
            ended.attempt.succeeded();
            streaks.delete(pair);
          } else if (each.as === 'a') ended.attempt.abandoned();
          else {
            ended.attempt.failed();
            const streak = (streaks.get(pair) ?? 0) + 1;
            streaks.set(pair, streak);
            failures.push({ at: clock.ms, ...ended, streak });
          }
        }
      }
      for (const [index, first] of failures.entries()) {
        const later = failures.slice(index).filter((each) => each.address === first.address);
        for (const [count, last] of later.entries()) {
          // As many at once, and one more each 10 s.
          assert.ok(count + 1 <= 8 + (last.at - first.at) / 10_000 + 1e-6);
          const isNextOfPair = last.account === first.account && last.streak === first.streak + 1;
          if (isNextOfPair && first.streak >= 5) {
            assert.ok(last.at - first.at >= Math.min(1000 * 2 ** (first.streak - 5), 900_000));
          }
        }
      }
      // Whatever was done from there, from here the owner is let in.
      allowed('203.0.113.1', 'user0');
    }),
    { numRuns: 500 },
  );
});

test('whether an attempt is allowed can be asked without a trace', () => {
  const { throttle, clock, fail, refused } = throttleAt();
  for (let asked = 0; asked < 1000; asked += 1) {
    assert.equal(throttle.allows('192.0.2.7', 'bob'), true);
  }
  assert.equal(throttle.size, 0);
  fail('192.0.2.7', 'bob', 5);
  assert.equal(throttle.allows('192.0.2.7', 'bob'), false);
  assert.equal(throttle.allows('192.0.2.7', 'alice'), true);
  assert.equal(refused('192.0.2.7', 'bob').isFirst, true, 'it is still to be written down');
  clock.ms += 1001;
  assert.equal(throttle.allows('192.0.2.7', 'bob'), true);
});

test('one that passes at once is known from then on, and has its failures forgiven, however often it passed before', () => {
  const throttle = createThrottle(defaultLimits, () => 0);
  const fail = () => {
    const begun = throttle.begin('192.0.2.7', 'bob');
    if (begun.isAllowed) begun.attempt.failed();
  };
  const isKnown = () => {
    const begun = throttle.begin('192.0.2.7', 'bob');
    if (begun.isAllowed) begun.attempt.abandoned();
    return begun.isAllowed && begun.isKnown;
  };
  assert.equal(isKnown(), false);
  for (let pass = 0; pass < 3; pass += 1) {
    for (let failure = 1; failure < defaultLimits.account.free; failure += 1) fail();
    throttle.passed('192.0.2.7', 'bob');
    assert.equal(isKnown(), true);
  }
});
