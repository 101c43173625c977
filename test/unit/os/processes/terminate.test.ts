import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Process, ProcessTable } from '../../../../src/os/processes/process-table.ts';
import { createProcfsTable } from '../../../../src/os/processes/procfs.ts';
import { createPsListTable } from '../../../../src/os/processes/ps-list.ts';
import { allProcesses, isAlive, processStat } from '../../../support/processes.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/until.ts';
import { users } from '../../../support/users.ts';
import { findTitled } from './find-process.ts';
import { type Started, startCommand, startTitled, startWithPid } from './started.ts';

const sources: [name: string, table: ProcessTable][] = [
  ['procfs', createProcfsTable()],
  ['ps-list', createPsListTable('/proc')],
  ['ps-list without /proc', createPsListTable(null)],
];
const program = fileURLToPath(new URL('./terminating.js', import.meta.url));

for (const [source, table] of sources) {
  describe(`through ${source}`, { skip: needsSandbox() }, () => {
    const title = `uapid target (${source})`;
    // Start times count hundredths of a second, those of `ps` whole ones, which its clock may be behind.
    const coarseMs = source === 'ps-list without /proc' ? 2_100 : 30;
    const running: Started[] = [];
    afterEach(async () => {
      for (const started of running.splice(0)) await started.end();
    });

    async function start(options: Parameters<typeof startTitled>[1] = {}): Promise<Process> {
      const started = await startTitled(title, options);
      running.push(started);
      const processes = await findTitled(table, (each) => each === title);
      const found = processes.find(({ pid }) => pid === started.pid);
      assert.ok(found);
      return found;
    }

    test('a process that is asked to end gets the signal, and its neighbours do not', async () => {
      const [target, neighbour] = [await start(), await start()];
      assert.deepEqual(
        await table.living([target, neighbour]),
        new Set([target.pid, neighbour.pid]),
      );
      assert.equal(await table.terminate(target), 'sent');
      await until(() => !isAlive(target.pid), { what: 'it ends' });
      assert.equal(isAlive(neighbour.pid), true);
      assert.deepEqual(await table.living([target, neighbour]), new Set([neighbour.pid]));
      assert.equal(await table.terminate(target), 'gone');
    });

    test('one that has ended and waits for its parent is gone', async () => {
      // Its parent becomes a program that asks for no child's end.
      const parent = startCommand('sh', ['-c', 'sleep 60 & exec sleep 60']);
      running.push(parent);
      const childOf = () => allProcesses().find((process) => process.parent === parent.pid);
      const { pid } = await until(childOf, { what: 'there is a child' });
      const { processes } = await table.list();
      const child = processes.find((process) => process.pid === pid);
      assert.ok(child);
      process.kill(pid, 'SIGKILL');
      await until(() => processStat(pid)?.state === 'Z', { what: 'it is a zombie' });
      assert.deepEqual(await table.living([child]), new Set());
      const ended = { ...child, title: '', executable: null };
      assert.deepEqual(await table.titles([ended]), new Map());
    });

    test('whoever has the pid of one that ended is somebody else', async () => {
      const before = await start();
      await running.pop()?.end();
      await sleep(coarseMs);
      running.push(await startWithPid(before.pid, () => startTitled(title)));
      assert.deepEqual(await table.living([before]), new Set());
      assert.equal(await table.terminate(before), 'gone');
      assert.equal(isAlive(before.pid), true);
    });

    test('one that is not as it was any more gets no signal', async () => {
      const target = await start();
      const { executable } = target;
      const others: Partial<Process>[] = [{ uid: users.alice.uid }, { startTime: '1' }];
      if (executable !== null) {
        others.push({ executable: { ...executable, identity: '1:1' } });
        others.push({ executable: { ...executable, writableByRootOnly: false } });
        others.push({ executable: null });
      }
      for (const other of others) {
        assert.equal(await table.terminate({ ...target, ...other }), 'gone', JSON.stringify(other));
      }
      assert.equal(isAlive(target.pid), true);
    });
  });
}

test('a /proc of another PID namespace tells nobody whom to send a signal', {
  skip: needsSandbox(),
}, async (t) => {
  const started = await startTitled('uapid target');
  t.after(() => started.end());
  const table = createProcfsTable();
  const processes = await findTitled(table, (title) => title === 'uapid target');
  assert.equal(processes.length, 1);
  const run = (through: readonly string[]) => {
    const [command = '', ...args] = [...through, process.execPath, program];
    return execFileSync(command, args, { input: JSON.stringify(processes[0]), encoding: 'utf8' });
  };
  // It sees this /proc, but kill(2) there knows other numbers.
  assert.equal(run(['unshare', '--pid', '--fork']), 'denied');
  assert.equal(isAlive(started.pid), true);
  assert.equal(run([]), 'sent');
});
