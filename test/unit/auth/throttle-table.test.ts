import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { createThrottle } from '../../../src/auth/throttle.ts';
import { defaultLimits } from '../../../src/auth/throttle-limits.ts';
import { createThrottleTable } from '../../../src/auth/throttle-table.ts';

test('a full table loses what would expire first, never what was entered or got later', () => {
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ set: fc.nat(39), lasts: fc.integer({ min: 1, max: 1000 }) }),
    },
    { weight: 2, arbitrary: fc.record({ remove: fc.nat(39) }) },
    { weight: 1, arbitrary: fc.record({ wait: fc.nat(60) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 300 }), (steps) => {
      let now = 0;
      const table = createThrottleTable<number>(16, () => now);
      const model = new Map<string, { record: number; expiresAt: number }>();
      for (const [index, each] of steps.entries()) {
        if ('wait' in each) now += each.wait;
        else if ('remove' in each) {
          table.delete(String(each.remove));
          model.delete(String(each.remove));
        } else {
          // A fraction of its own keeps expiries apart, so that there is one first.
          const expiresAt = now + each.lasts + index / 1000;
          table.set(String(each.set), index, expiresAt);
          for (const [key, entry] of model) if (entry.expiresAt <= now) model.delete(key);
          if (!model.has(String(each.set)) && model.size >= 16) {
            const [first] = [...model].sort(([, a], [, b]) => a.expiresAt - b.expiresAt);
            model.delete(first?.[0] ?? '');
          }
          model.set(String(each.set), { record: index, expiresAt });
        }
        for (let key = 0; key < 40; key++) {
          const known = model.get(String(key));
          const expected = known && known.expiresAt > now ? known.record : undefined;
          assert.equal(table.get(String(key)), expected);
        }
        assert.ok(table.size <= 16);
      }
    }),
    { numRuns: 300 },
  );
});

test('a flood of other addresses does not wash away who is in a long wait', () => {
  let now = 0;
  const throttle = createThrottle({ ...defaultLimits, maxRecords: 1000 }, () => now);
  const fail = (address: string, account: string) => {
    const begin = throttle.begin(address, account);
    if (begin.isAllowed) begin.attempt.failed();
    return begin.isAllowed;
  };
  for (let i = 0; i < 50; i++) fail('192.0.2.7', `user${i}`);
  for (let i = 0; i < 5000; i++) {
    now += 1;
    fail(`2001:db8:${i.toString(16)}::1`, 'bob');
  }
  assert.ok(throttle.size <= 3000);
  assert.equal(fail('192.0.2.7', 'fresh'), false);
});

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

test('full tables of 100,000 addresses and accounts take under 96 MiB, and an attempt a fraction of a millisecond', (t) => {
  const throttle = createThrottle(defaultLimits, () => 0);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const begun = process.cpuUsage();
  const attempts = 200_000;
  for (let i = 0; i < attempts; i++) {
    const address = `2001:${(i >> 16).toString(16)}:${(i & 0xffff).toString(16)}::1`;
    // Cut out of a large text, as names are out of headers.
    const begin = throttle.begin(address, `${'x'.repeat(16_000)}${i}`.slice(-200));
    if (begin.isAllowed) begin.attempt.failed();
  }
  // Of a processor: what else the machine does costs time as well.
  const { user, system } = process.cpuUsage(begun);
  const microseconds = (user + system) / attempts;
  collectGarbage();
  const mebibytes = (process.memoryUsage().heapUsed - before) / 2 ** 20;
  t.diagnostic(
    `${throttle.size} records, ${mebibytes.toFixed(0)} MiB, ${microseconds.toFixed(1)} µs`,
  );
  assert.ok(throttle.size === 300_000);
  assert.ok(mebibytes < 96 && microseconds < 200);
});
