import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { LockError, withLock } from '../../src/state/lock.ts';

const lockModule = new URL('../../src/state/lock.js', import.meta.url).href;

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'uapid-lock-'));
  path = join(dir, 'lock');
});
afterEach(() => rmSync(dir, { recursive: true }));

/** The pid of a process that has just ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

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

test('one holder at a time, in one process too, and nothing is left afterwards', async () => {
  let inside = 0;
  const task = async () => {
    assert.equal(++inside, 1);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
  };
  await Promise.all(Array.from({ length: 10 }, () => withLock(path, task)));
  assert.deepEqual(readdirSync(dir), []);
});

test('the lock is free again after a task that failed', async () => {
  const failure = new Error('on purpose');
  await assert.rejects(
    withLock(path, () => Promise.reject(failure)),
    failure,
  );
  assert.equal(await withLock(path, async () => 'done'), 'done');
});

test("processes that all find a dead one's lock exclude each other all the same", async () => {
  const counter = join(dir, 'counter');
  writeFileSync(counter, '0');
  writeFileSync(path, `${deadPid()}\n`);
  writeFileSync(`${path}.break`, `${deadPid()}\n`);
  await Promise.all(Array.from({ length: 4 }, () => countInProcess(counter, 25)));
  assert.equal(readFileSync(counter, 'utf8'), '100');
  assert.deepEqual(readdirSync(dir), ['counter']);
});

test("a lock that a crash left empty, or with this process's own pid, holds nobody up", async () => {
  for (const content of ['', `${process.pid}\n`]) {
    writeFileSync(path, content);
    assert.equal(await withLock(path, async () => 'done', 0), 'done');
  }
});

test('a living holder is waited for, and an error that names it ends the wait', async () => {
  // Process 1 lives always, and as another user than root one may not even signal it.
  writeFileSync(path, '1\n');
  await assert.rejects(
    withLock(path, async () => undefined, 50),
    (error: unknown) => {
      assert.ok(error instanceof LockError);
      assert.ok(error.message.includes(`${path} is held by process 1;`));
      return true;
    },
  );
  assert.equal(readFileSync(path, 'utf8'), '1\n');
});
