import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createLeftAloneList } from '../../../src/scanner/left-alone-list.ts';
import { until } from '../../support/until.ts';

/* A FAKE process table: a file that hangs is a pipe that nobody writes to. */

function makeTable(t: TestContext) {
  const procRoot = mkdtempSync(join(tmpdir(), 'uapid-left-alone-'));
  t.after(() => rmSync(procRoot, { recursive: true, force: true }));
  const startTime = '100';
  const add = (pid: number, isHung: boolean) => {
    const folder = join(procRoot, String(pid));
    mkdirSync(folder);
    // The start time is field 22 (proc(5)).
    const fields = ['S', ...Array(18).fill('0'), startTime, '0', '0'];
    writeFileSync(join(folder, 'stat'), `${pid} (x) ${fields.join(' ')}\n`);
    if (isHung) execFileSync('mkfifo', [join(folder, 'cmdline')]);
    else writeFileSync(join(folder, 'cmdline'), 'x');
    return { pid, startTime, uid: 1000, file: 'cmdline', isOpen: true };
  };
  return { procRoot, add, path: (pid: number) => join(procRoot, String(pid)) };
}

function openList(t: TestContext, procRoot: string) {
  const { PATH } = process.env;
  let changes = 0;
  const onChange = () => {
    changes += 1;
  };
  const environment = { PATH };
  const list = createLeftAloneList({ procRoot, environment, onChange, firstPauseMs: 20 });
  t.after(() => list.stop());
  return { list, changes: () => changes };
}

test('a process whose read returns again is looked at again, and that is told once', async (t) => {
  const table = makeTable(t);
  const { list, changes } = openList(t, table.procRoot);
  const mended = table.add(7, false);
  assert.equal(list.add(mended), true);
  assert.equal(list.add(mended), false, 'it is in the list');
  assert.deepEqual(list.processes, [{ pid: 7, startTime: '100', uid: 1000 }]);
  await until(() => changes() === 1, { timeoutMs: 30_000, what: 'the change' });
  assert.deepEqual(list.processes, []);
});

test('a process that hangs again stays in the list, until it has ended', {
  timeout: 60_000,
}, async (t) => {
  const table = makeTable(t);
  const { list, changes } = openList(t, table.procRoot);
  const hung = table.add(8, true);
  list.add(hung);
  // A probe that hangs: `head` waits for somebody who writes.
  const isProbed = () => {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1');
    return children.trim() !== '';
  };
  await until(isProbed, { timeoutMs: 30_000, what: 'the probe' });
  await until(() => !isProbed(), { timeoutMs: 30_000, what: 'the end of the probe' });
  assert.deepEqual([list.processes.length, changes()], [1, 0]);
  rmSync(table.path(8), { recursive: true });
  await until(() => changes() === 1, { timeoutMs: 30_000, what: 'the change' });
  assert.deepEqual(list.processes, []);
});

test('a list that is stopped tries nothing again', (t) => {
  const table = makeTable(t);
  const { list } = openList(t, table.procRoot);
  list.add(table.add(9, false));
  list.stop();
  assert.deepEqual(list.processes, []);
});
