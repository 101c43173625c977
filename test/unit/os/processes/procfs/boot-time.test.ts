import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createBootTime, parseUptime } from '../../../../../src/os/processes/procfs/boot-time.ts';
import { createProcfsTable } from '../../../../../src/os/processes/procfs.ts';
import { createPsListTable } from '../../../../../src/os/processes/ps-list.ts';

const maxEarlyMs = 50;

for (const [source, table] of [
  ['procfs', createProcfsTable()],
  ['ps-list', createPsListTable('/proc')],
] as const) {
  test(`through ${source} a process began when it did, some hundredths of a second early at most, and never in the future`, async (t) => {
    for (let times = 0; times < 5; times += 1) {
      const before = Date.now();
      const { pid, kill } = sleeper(t);
      const after = Date.now();
      const { processes } = await table.list();
      const now = Date.now();
      const started = processes.find((each) => each.pid === pid)?.startedAtMs ?? assert.fail();
      assert.ok(started >= before - maxEarlyMs, `${before - started} ms early`);
      assert.ok(started <= after && started <= now, `${started - after} ms late`);
      const kept = table.kept?.facts(pid)?.startedAtMs ?? started;
      assert.equal(kept, started);
      kill();
    }
  });
}

function sleeper(t: TestContext) {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  return { pid: child.pid ?? 0, kill: () => child.kill('SIGKILL') };
}

/** FAKE clocks of a machine, which nobody suspends or sets in a test. */
function fakeClocks({ sinceBootMs }: { readonly sinceBootMs: number }) {
  const clock = { sinceBootMs, bootedAt: 1_700_000_000_000 };
  return {
    clock,
    clocks: {
      now: () => Math.floor(clock.bootedAt + clock.sinceBootMs),
      monotonicMs: () => clock.sinceBootMs,
    },
  };
}

/** A FAKE /proc that has that file alone. */
function withUptime(t: TestContext, text: string | null): string {
  const root = mkdtempSync(join(tmpdir(), 'uapid-proc-'));
  t.after(() => rmSync(root, { recursive: true }));
  if (text !== null) writeFileSync(join(root, 'uptime'), text);
  return root;
}

describe('the time of boot', () => {
  test('is the same whether /proc tells the time since then, does not, or tells a container’s', (t) => {
    const real = createBootTime('/proc')();
    for (const text of [null, '5.00 5.00\n']) {
      const reckoned = createBootTime(withUptime(t, text))();
      assert.ok(Math.abs(reckoned - real) < maxEarlyMs, `${reckoned - real} ms with ${text}`);
    }
  });

  test('is before what the machine was suspended for', (t) => {
    const root = withUptime(t, '5000.25 1.00\n');
    const { clock, clocks } = fakeClocks({ sinceBootMs: 1_000_000 });
    const late = createBootTime(root, clocks)() - (clock.bootedAt - 4_000_250);
    assert.ok(late <= 0 && late >= -maxEarlyMs, `${late} ms`);
  });

  test('stays the same from second to second, and follows the clock where that is set', (t) => {
    const { clock, clocks } = fakeClocks({ sinceBootMs: 1_000_000 });
    const bootTime = createBootTime(withUptime(t, '1000.00 1.00\n'), clocks);
    const first = bootTime();
    clock.sinceBootMs += 1_500;
    clock.bootedAt += 20;
    assert.equal(bootTime(), first);
    clock.sinceBootMs += 1_500;
    clock.bootedAt += 3_600_000;
    assert.ok(Math.abs(bootTime() - first - 3_600_000) < maxEarlyMs);
  });
});

test('the time since boot is read from /proc/uptime, in milliseconds', () => {
  assert.equal(parseUptime('350735.47 234388.90\n'), 350_735_470);
  for (const text of ['', '1 2\n', '1.5 2\n', '-1.50 2.00\n', 'x1.50 2.00\n']) {
    assert.equal(parseUptime(text), null, text);
  }
});
