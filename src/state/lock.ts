import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** The lock was not free in time. The message names the lock file and its holder. */
export class LockError extends Error {
  override readonly name = 'LockError';
}

/** The locks that this process holds: one with its pid that is not among them is a dead one's. */
const held = new Set<string>();

/**
 * Runs a task while this process alone holds the lock file. The file holds its owner's pid; one whose
 * process is gone is removed. Rejects with LockError after `waitMs` milliseconds of waiting.
 */
export async function withLock<T>(
  path: string,
  task: () => Promise<T>,
  waitMs = 10_000,
): Promise<T> {
  await acquire(path, performance.now() + waitMs, 0);
  try {
    return await task();
  } finally {
    release(path);
  }
}

async function acquire(path: string, deadline: number, depth: number): Promise<void> {
  while (!tryCreate(path)) {
    if (isStale(path)) {
      await removeStale(path, deadline, depth);
    } else if (performance.now() >= deadline) {
      throw new LockError(
        `${path} is held by process ${readHolder(path)}; remove it if that is wrong`,
      );
    } else {
      await sleep(5 + Math.random() * 20);
    }
  }
  held.add(path);
}

function release(path: string): void {
  held.delete(path);
  unlinkSync(path);
}

/** link(2) makes the lock appear with its pid in it; a file opened with O_EXCL is empty at first. */
function tryCreate(path: string): boolean {
  const draft = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, `${process.pid}\n`, { flag: 'wx', mode: 0o644 });
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    // On a full disk it may be there, and empty.
    rmSync(draft, { force: true });
  }
}

/**
 * Two processes may find the same lock stale, and the slower one must not remove the lock that the
 * faster one has taken since. So whoever removes holds a second lock and looks again under it: a dead
 * owner's lock can be removed by that holder alone. That lock may go stale too, hence the depth.
 */
async function removeStale(path: string, deadline: number, depth: number): Promise<void> {
  if (depth === 3)
    throw new LockError(`${path} is left over from a process that is gone; remove it`);
  const breaker = `${path}.break`;
  await acquire(breaker, deadline, depth + 1);
  try {
    if (isStale(path)) unlinkSync(path);
  } finally {
    release(breaker);
  }
}

function isStale(path: string): boolean {
  const holder = readHolder(path);
  if (holder === null) return false;
  // A crash of the host can leave the file without its content.
  if (!/^[1-9]\d*$/.test(holder)) return true;
  const pid = Number(holder);
  return pid === process.pid ? !held.has(path) : !isAlive(pid);
}

/** What the lock file says, or null when there is none. */
function readHolder(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
