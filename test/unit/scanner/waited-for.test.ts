import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findWaitedFor, parseSyscall } from '../../../src/scanner/waited-for.ts';
import { until } from '../../support/until.ts';

test('the six arguments of a call are read, and nothing of a process in no call', () => {
  const text = '0 0x15 0x7ffc 0x400 0x0 0x0 0xffffffffffffffff 0x7ffd00 0x7f01\n';
  assert.deepEqual(parseSyscall(text), [0x15n, 0x7ffcn, 0x400n, 0n, 0n, 0xffff_ffff_ffff_ffffn]);
  for (const none of ['running\n', '-1 0x7ffd00 0x7f01\n', '', null, '0 0x15 0x7ffc 0x400 0x0']) {
    assert.equal(parseSyscall(none), null, String(none));
  }
});

/*
 * A FAKE process table, whose file is a pipe that nobody writes to: a read that hangs without a process
 * that holds a lock. The real thing is in test/system/faults/hung-look.test.ts.
 */
test('a process that reads a file of a process table, or opens one, tells whose it is', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'uapid-waited-for-'));
  t.after(() => rmSync(root, { recursive: true }));
  const folder = join(root, '77');
  mkdirSync(folder);
  const numbers = Array.from({ length: 50 }, (_, index) => index + 2).join(' ');
  writeFileSync(join(folder, 'stat'), `77 (x) S ${numbers}\n`);
  writeFileSync(
    join(folder, 'status'),
    'Name:\tx\nUid:\t1001\t1002\t1003\t1004\nGid:\t5\t5\t5\t5\n',
  );
  const pipe = spawn('mkfifo', [join(folder, 'cmdline')]);
  assert.deepEqual(await once(pipe, 'exit'), [0, null]);
  for (const [how, path, isOpen] of [
    ['it is opened', '77/cmdline', false],
    ['it is read', '77/cmdline', true],
  ] as const) {
    // dd opens with open(2), whose first argument is the path, and reads with read(2).
    const mode = isOpen ? '<>' : '<';
    const reader = spawn(
      'sh',
      ['-c', `exec dd of=/dev/null bs=1 count=1 ${mode} "$1"`, 'sh', join(root, path)],
      {
        stdio: 'ignore',
      },
    );
    t.after(() => reader.kill('SIGKILL'));
    const pid = reader.pid ?? 0;
    const found = await until(
      async () => {
        const seen = await findWaitedFor(pid, root);
        return seen?.isOpen === isOpen ? seen : null;
      },
      { timeoutMs: 30_000, what: how },
    );
    assert.equal(found.pid, 77, how);
    assert.deepEqual([found.uid, found.file], [1002, 'cmdline'], how);
  }
});

test('of a process that has ended nothing is told', async () => {
  assert.equal(await findWaitedFor(2 ** 31 - 1, '/proc'), null);
});
