import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, type TestContext, test } from 'node:test';
import { withLock } from '../../../src/state/lock.ts';
import { StateFileError } from '../../../src/state/state-file-error.ts';
import { childrenOf, titleOf } from '../../support/processes.ts';
import { until } from '../../support/until.ts';

const lockModule = new URL('../../../src/state/lock.js', import.meta.url).href;

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'uapid-lock-'));
  path = join(dir, 'lock');
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A process that adds 1 to a number in a file under the lock, `rounds` times, reading and writing apart. */
async function countInProcess(counter: string, rounds: number): Promise<void> {
  const program = `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { withLock } from ${JSON.stringify(lockModule)};
    for (let i = 0; i < ${rounds}; i++) {
      await withLock(${JSON.stringify(path)}, async () => {
        const before = Number(readFileSync(${JSON.stringify(counter)}, 'utf8'));
        await sleep(1);
        writeFileSync(${JSON.stringify(counter)}, String(before + 1));
      }, 60_000);
    }`;
  const args = ['--input-type=module', '--eval', program];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
}

/** How many of this process' flock(1) sleep, which they do for nothing but a lock. */
function waiters(): number {
  return childrenOf(process.pid).filter(
    ({ pid, state }) => state === 'S' && titleOf(pid) === 'flock',
  ).length;
}

/** A promise that somebody else resolves. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

/** A process that has taken the lock and keeps it until it is killed. */
async function holdInProcess(t: TestContext): Promise<ChildProcess> {
  const program = `
    import { withLock } from ${JSON.stringify(lockModule)};
    await withLock(${JSON.stringify(path)}, async () => {
      process.stdout.write('held');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
  const args = ['--input-type=module', '--eval', program];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('one holder at a time, in one process too, and the file is for nobody else to open', async () => {
  let inside = 0;
  const task = async () => {
    assert.equal(++inside, 1);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
  };
  await Promise.all(Array.from({ length: 10 }, () => withLock(path, task)));
  assert.deepEqual(readdirSync(dir), ['lock']);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('the lock is free again after a task that failed', async () => {
  const failure = new Error('on purpose');
  await assert.rejects(
    withLock(path, () => Promise.reject(failure)),
    failure,
  );
  assert.equal(await withLock(path, async () => 'done'), 'done');
});

test('four processes exclude each other', async () => {
  const counter = join(dir, 'counter');
  writeFileSync(counter, '0');
  await Promise.all(Array.from({ length: 4 }, () => countInProcess(counter, 25)));
  assert.equal(readFileSync(counter, 'utf8'), '100');
});

test('those that waited for a file that was removed exclude those that came after', async () => {
  const first = gate();
  const third = gate();
  const entered: string[] = [];
  const hold = (name: string, until?: Promise<void>) =>
    withLock(path, async () => {
      entered.push(name);
      await until;
      entered.push(`${name} leaves`);
    });
  const holding = hold('first', first.passed);
  await until(() => entered.length === 1, { what: 'the first one holds it' });
  const waiting = hold('second');
  // Its flock(1) waits by now, for the file that is removed next.
  await until(() => waiters() === 1, { what: 'the second one waits' });
  rmSync(path);
  const later = hold('third', third.passed);
  await until(() => entered.includes('third'), { what: 'the third one holds the new file' });
  first.open();
  await holding;
  await until(() => waiters() === 1, { what: 'the second one waits for the new file' });
  third.open();
  await Promise.all([waiting, later]);
  assert.deepEqual(entered.slice(-4), ['first leaves', 'third leaves', 'second', 'second leaves']);
});

test('the lock ends with a holder that is killed, and those that wait go on', async (t) => {
  const holder = await holdInProcess(t);
  let isIn = false;
  const waiting = withLock(path, async () => {
    isIn = true;
  });
  await assert.rejects(
    withLock(path, async () => undefined, 50),
    StateFileError,
  );
  assert.equal(isIn, false);
  holder.kill('SIGKILL');
  await waiting;
  assert.equal(isIn, true);
});

test('what a power cut has left of a lock holds nobody up, whatever it says', async () => {
  // Process 1 lives always: the pid of the dead holder is another process' by now.
  const left = ['', '1\n', `${process.pid}\n`, '1 00000000-0000-0000-0000-000000000000 12345\n'];
  for (const content of left) {
    for (const name of [path, `${path}.break`]) writeFileSync(name, content);
    assert.equal(await withLock(path, async () => 'done'), 'done');
  }
});

test('a living holder is waited for, and an error that names it ends the wait', async (t) => {
  const { pid } = await holdInProcess(t);
  await assert.rejects(
    withLock(path, async () => undefined, 50),
    (error: unknown) => {
      assert.ok(error instanceof StateFileError);
      assert.equal(error.message, `${path} is still held by process ${pid}`);
      return true;
    },
  );
});

test('a link in the place of the file is not followed', async () => {
  const precious = join(dir, 'precious');
  writeFileSync(precious, 'precious');
  symlinkSync(precious, path);
  await assert.rejects(withLock(path, async () => undefined));
  assert.equal(readFileSync(precious, 'utf8'), 'precious');
});

test('without flock(1) nothing is changed, and the error says what is missing', async () => {
  const { PATH } = process.env;
  process.env['PATH'] = dir;
  try {
    await assert.rejects(
      withLock(path, async () => assert.fail('it ran')),
      /^StateFileError: flock\(1\), of util-linux, cannot be started/,
    );
  } finally {
    process.env['PATH'] = PATH;
  }
});
