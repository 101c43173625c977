import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createPsListTable } from '../../../../src/os/processes/ps-list.ts';
import { findTitled } from './find-process.ts';
import { startTitled } from './started.ts';

describe('the process table of a system without /proc', () => {
  const table = createPsListTable(null);

  test('tells parent, title, uid and times, and what it cannot tell is null', async () => {
    // Another run of this test may go on beside it.
    const title = `uapid test (no proc) ${process.pid}`;
    const startedAt = Date.now();
    const started = await startTitled(title);
    try {
      const { othersAreHidden } = await table.list();
      const processes = await findTitled(table, (one) => one === title);
      assert.equal(processes.length, 1);
      const [found] = processes;
      assert.ok(found);
      assert.deepEqual(
        [found.pid, found.parentPid, found.title, found.uid],
        [started.pid, process.pid, title, process.geteuid?.()],
      );
      assert.deepEqual([found.executable, found.isWhollyRoot], [null, null]);
      const { startedAtMs } = found;
      assert.ok(startedAtMs !== null && startedAtMs > startedAt - 2_000);
      assert.ok(startedAtMs < Date.now() + 2_000);
      assert.equal(othersAreHidden, false);
      assert.deepEqual([...(await table.titles([found]))], [[started.pid, title]]);
    } finally {
      await started.end();
    }
  });

  test('has nothing of open files', () => {
    assert.equal(table.files, null);
  });
});

test('a process is listed with its parent, though ps has listed its pid before that was there', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ps-list-'));
  const path = process.env['PATH'];
  t.after(() => {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true });
  });
  const parent = spawn('bash', ['-c', 'sleep 600 & echo $!; wait'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [output] = await once(parent.stdout, 'data');
  const pid = Number(output);
  t.after(() => {
    parent.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
  });
  // A FAKE: a pid that comes again between a listing and the reading of /proc cannot be had at will.
  const ps = `#!/bin/sh\nPATH=${path} ps "$@" | grep -v '^ *${parent.pid} '\n`;
  writeFileSync(join(folder, 'ps'), ps, { mode: 0o755 });
  process.env['PATH'] = `${folder}:${path}`;
  const { processes } = await createPsListTable('/proc').list();
  const found = processes.find((each) => each.pid === pid);
  assert.equal(found?.parentPid, parent.pid);
  assert.ok(processes.some((each) => each.pid === parent.pid));
});
