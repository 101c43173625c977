import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, type TestContext, test } from 'node:test';
import type { IdleWatch } from '../../../../../src/os/processes/process-table.ts';
import { detectIdleness } from '../../../../../src/os/processes/procfs/idle-detector.ts';
import { keptBufferBytes } from '../../../../support/kept-buffers.ts';
import { until } from '../../../../support/until.ts';

const linux = process.platform !== 'linux' && 'needs /proc';
const children: ChildProcess[] = [];
const watches: IdleWatch[] = [];

beforeEach(() => {
  children.length = 0;
  watches.length = 0;
});
afterEach(() => {
  for (const watch of watches) watch.close();
  for (const child of children) child.kill('SIGKILL');
});

/** A real process that answers each line of its input with one. */
function start(command: string, ...args: string[]) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  const watch = detectIdleness('/proc', child.pid ?? 0);
  watches.push(watch);
  return { child, watch };
}

const isIdle = (watch: IdleWatch) => () => watch.see() === 'idle';

test('a process that sleeps becomes still and stays it', { skip: linux }, async () => {
  const { watch } = start('cat');
  assert.equal(watch.see(), 'may-have-run');
  await until(isIdle(watch), { what: 'the process is still' });
  for (let look = 0; look < 1000; look += 1) assert.equal(watch.see(), 'idle');
});

test('whoever did the least is not still at the very next scan', { skip: linux }, async () => {
  const { child, watch } = start('cat');
  for (let round = 0; round < 25; round += 1) {
    await until(isIdle(watch), { what: 'the process is still' });
    child.stdin?.write('x\n');
    await once(child.stdout ?? child, 'data');
    assert.equal(watch.see(), 'may-have-run', `round ${round}`);
  }
});

/** Counts in a file that it has mapped, without a system call. */
const counter = `
import mmap, sys
with open(sys.argv[1], 'r+b') as file:
    shared = mmap.mmap(file.fileno(), 8)
    count = 0
    print('ready', flush=True)
    while True:
        count += 1
        shared[0:8] = count.to_bytes(8, 'little')
`;

test('between two scans that say still nothing was done, also by one that never leaves its processor', {
  skip: linux,
}, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'uapid-count-'));
  const path = join(dir, 'count');
  writeFileSync(path, Buffer.alloc(8));
  const fd = openSync(path, 'r');
  try {
    const { child, watch } = start('python3', '-c', counter, path);
    await once(child.stdout ?? child, 'data');
    const bytes = Buffer.alloc(8);
    const count = () => {
      readSync(fd, bytes, 0, 8, 0);
      return bytes.readBigUInt64LE();
    };
    const first = count();
    const end = performance.now() + 1500;
    let before: { said: string; count: bigint } | null = null;
    while (performance.now() < end) {
      // Between the two scans: behind the second the process may run.
      const counted = count();
      const said = watch.see();
      // A machine that is busy may keep it waiting: then it is still, and counts nothing.
      if (said === 'idle' && before?.said === 'idle') assert.equal(counted, before.count);
      before = { said, count: count() };
    }
    assert.ok(count() > first);
  } finally {
    closeSync(fd);
    rmSync(dir, { recursive: true });
  }
});

test('a process that has ended is gone, and no later one of its pid is it', {
  skip: linux,
}, async () => {
  const { child, watch } = start('cat');
  await until(isIdle(watch), { what: 'the process is still' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(watch.see(), 'gone');
});

test('a kernel that does not count turns makes nobody still', async () => {
  // A fake: this kernel counts.
  const root = mkdtempSync(join(tmpdir(), 'uapid-proc-'));
  try {
    mkdirSync(join(root, '7'));
    writeFileSync(join(root, '7', 'schedstat'), '0 0 0\n');
    for (const pid of [7, 8]) {
      const watch = detectIdleness(root, pid);
      watches.push(watch);
      const end = performance.now() + 300;
      while (performance.now() < end) assert.equal(watch.see(), 'may-have-run');
    }
  } finally {
    rmSync(root, { recursive: true });
  }
});

/** A fake process table and clock: where a process was between two ticks cannot be had otherwise. */
function startFake(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'uapid-proc-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, '7'));
  const run = (schedstat: string) => writeFileSync(join(root, '7', 'schedstat'), schedstat);
  run('5000 0 3\n');
  /** Times that the clock tells in turn, the last one ever after. */
  let times = [0];
  t.mock.method(performance, 'now', () => (times.length > 1 ? times.shift() : times[0]));
  const watch = detectIdleness(root, 7);
  watches.push(watch);
  const seeAt = (...ms: number[]) => {
    times = ms;
    return watch.see();
  };
  return { root, run, seeAt };
}

test('nobody is still before its times have stayed the same for longer than the slowest tick', (t) => {
  const { run, seeAt } = startFake(t);
  assert.equal(seeAt(1_000), 'may-have-run');
  assert.equal(seeAt(1_100), 'may-have-run');
  assert.equal(seeAt(1_101), 'idle');
  run('6000 0 3\n');
  // However long ago the last scan was: it may have begun to run a moment before this one.
  assert.equal(seeAt(9_000), 'may-have-run');
  assert.equal(seeAt(9_100), 'may-have-run');
  assert.equal(seeAt(9_101), 'idle');
});

test('hundreds are watched apart from each other, and places are used again', async () => {
  // A fake: so many processes that run when the test wants it.
  const root = mkdtempSync(join(tmpdir(), 'uapid-proc-'));
  try {
    const run = (pid: number, turns: number) =>
      writeFileSync(join(root, `${pid}`, 'schedstat'), `${pid} 0 ${turns}\n`);
    const begin = (pid: number) => {
      mkdirSync(join(root, `${pid}`), { recursive: true });
      run(pid, 1);
      const watch = detectIdleness(root, pid);
      watches.push(watch);
      return watch;
    };
    const all = Array.from({ length: 300 }, (_, index) => begin(index + 1));
    await until(() => all.map((watch) => watch.see()).every((seen) => seen === 'idle'), {
      what: 'all are still',
      everyMs: 1,
    });
    // Every third ends and another comes in its place; every seventh runs.
    for (const [index, watch] of all.entries()) if (index % 3 === 0) watch.close();
    const others = Array.from({ length: 150 }, (_, index) => begin(1000 + index));
    for (const [index] of all.entries()) if (index % 7 === 0) run(index + 1, 2);
    for (const other of others) assert.equal(other.see(), 'may-have-run');
    for (const [index, watch] of all.entries()) {
      if (index % 3 === 0) continue;
      assert.equal(watch.see(), index % 7 === 0 ? 'may-have-run' : 'idle', `${index}`);
    }
    for (const watch of all) watch.close();
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('a pause of the scanning process within a scan does not count as time that another was still', (t) => {
  const { seeAt } = startFake(t);
  assert.equal(seeAt(1_000, 5_000), 'may-have-run');
  assert.equal(seeAt(5_100), 'may-have-run');
  assert.equal(seeAt(5_101), 'idle');
});

test('a process that is watched keeps nothing of the memory that others have read into', (t) => {
  const { root } = startFake(t);
  const bytes = keptBufferBytes(200, () => {
    const watch = detectIdleness(root, 7);
    watches.push(watch);
    watch.see();
    return watch;
  });
  assert.ok(bytes < 200 * 100, `${bytes} bytes`);
});
