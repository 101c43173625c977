import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readBootTime, sinceBoot } from '../../../../../src/os/processes/procfs/facts.ts';

describe('the time since boot is told to the fraction of a second where /proc has no uptime', () => {
  const cases: [what: string, uptime: number, monotonic: number, expected: number][] = [
    ['as the monotonic clock has it', 1000, 1000.97, 1000.97],
    ['when the second changed between the readings', 1000, 1001.02, 1001.02],
    ['to half a second after the machine was suspended', 5000, 1000.97, 5000.5],
    ['as uptime has it where that is exact', 5000.25, 1000.97, 5000.25],
  ];
  for (const [what, uptimeSeconds, monotonicSeconds, expected] of cases) {
    test(what, () => {
      assert.equal(sinceBoot(uptimeSeconds, monotonicSeconds), expected);
    });
  }
});

test('the time of boot that is reckoned is the one that the kernel states', (t) => {
  const stated = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1]);
  assert.equal(readBootTime('/proc'), stated);
  const empty = mkdtempSync(join(tmpdir(), 'uapid-proc-'));
  t.after(() => rmSync(empty, { recursive: true }));
  // The kernel leaves out the fraction.
  const reckoned = readBootTime(empty);
  assert.ok(reckoned - stated > -0.1 && reckoned - stated < 1.1, `${reckoned} for ${stated}`);
});
