import assert from 'node:assert/strict';
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
