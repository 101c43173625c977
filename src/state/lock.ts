import { spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StateFileError } from './state-file-error.ts';

/**
 * Runs a task while no other holder of the lock file runs one, in this process or another. The lock is
 * the kernel's (flock(2)): it ends with its holder, however that ends, and what the file says or that
 * it is there means nothing. So the file stays where it is. Those that wait take turns; after `waitMs`
 * milliseconds it rejects with StateFileError.
 */
export async function withLock<T>(
  path: string,
  task: () => Promise<T>,
  waitMs = 120_000,
): Promise<T> {
  const fd = await acquire(path, performance.now() + waitMs);
  try {
    return await task();
  } finally {
    closeSync(fd);
  }
}

/** The descriptor that holds the lock, until it is closed. */
async function acquire(path: string, deadline: number): Promise<number> {
  for (;;) {
    const fd = await openLocked(path, deadline);
    if (fd === null)
      throw new StateFileError(`${path} is still held by process ${readHolder(path)}`);
    // A file that was removed or replaced meanwhile locks out no process that comes now.
    if (isAt(path, fd)) {
      writeHolder(fd);
      return fd;
    }
    closeSync(fd);
  }
}

/** Null when the lock is not free by the deadline. */
async function openLocked(path: string, deadline: number): Promise<number | null> {
  if (process.platform !== 'linux') return openWithLock(path, deadline);
  const fd = openLockFile(path, 0);
  try {
    if (await flock(fd, deadline)) return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
  return null;
}

/**
 * Node.js has no call for flock(2), so flock(1) locks the descriptor that it inherits: the lock is that
 * of the open file, which this process has open, too, and stays when flock(1) is gone.
 */
async function flock(fd: number, deadline: number): Promise<boolean> {
  const child = spawn('flock', ['3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  const timer = setTimeout(() => child.kill('SIGKILL'), Math.max(1, deadline - performance.now()));
  try {
    return await new Promise<boolean>((resolve, reject) => {
      child.once('exit', (code, signal) => {
        if (code === 0 || signal === 'SIGKILL') resolve(code === 0);
        else reject(new StateFileError(`flock(1) failed (${signal ?? code})`));
      });
      child.once('error', ({ message }) => {
        reject(new StateFileError(`flock(1), of util-linux, cannot be started: ${message}`));
      });
    });
  } finally {
    clearTimeout(timer);
  }
}

/** open(2) of macOS and the BSDs: the lock of flock(2) comes with the descriptor. */
const openExclusively = 0x20;

async function openWithLock(path: string, deadline: number): Promise<number | null> {
  for (;;) {
    try {
      return openLockFile(path, openExclusively | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    if (performance.now() >= deadline) return null;
    await sleep(5 + Math.random() * 20);
  }
}

/** No other user may open it: a process that can, can hold the lock. */
function openLockFile(path: string, flags: number): number {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  const fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | flags, 0o600);
  if (process.geteuid?.() === 0) giveToOwnerOfDirectory(fd, path);
  return fd;
}

/** A server without root has to get at the lock of its own directory. */
function giveToOwnerOfDirectory(fd: number, path: string): void {
  const { uid, gid } = statSync(dirname(path));
  if (fstatSync(fd).uid === uid) return;
  try {
    fchownSync(fd, uid, gid);
  } catch {
    // Root without CAP_CHOWN. The lock is as good; that the owner cannot open it, it will be told.
  }
}

function isAt(path: string, fd: number): boolean {
  const there = statSync(path, { bigint: true, throwIfNoEntry: false });
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return there?.dev === dev && there.ino === ino;
}

/** For the error of a process that waits in vain; no lock depends on it, so a full disk does not matter. */
function writeHolder(fd: number): void {
  try {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`, 0);
  } catch {
    // Then the file names another process, or none.
  }
}

function readHolder(path: string): string {
  try {
    return /^\d+/.exec(readFileSync(path, 'utf8'))?.[0] ?? 'of unknown number';
  } catch {
    return 'of unknown number';
  }
}
