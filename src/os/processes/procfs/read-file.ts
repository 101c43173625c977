import { closeSync, openSync, readSync } from 'node:fs';

const chunk = Buffer.allocUnsafe(64 * 1024);

/**
 * Reads a file of /proc from its beginning, at most `limit` bytes. The size that the kernel states
 * for such files is 0 or wrong, so it reads until the end.
 * Returns null when the process is gone, or `mayRead`, asked once the file is open, says no; throws
 * the system's error otherwise.
 * Synchronous: these reads never touch a disk, and a thread pool's hand-over costs ten times as much.
 */
export function readProcFile(
  path: string,
  limit = 64 * 1024,
  mayRead: () => boolean = () => true,
): Buffer | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
  try {
    return mayRead() ? readToEnd(fd, limit) : null;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  } finally {
    closeSync(fd);
  }
}

function readToEnd(fd: number, limit: number): Buffer {
  const parts: Buffer[] = [];
  let total = 0;
  while (total < limit) {
    const count = readSync(fd, chunk, 0, Math.min(chunk.length, limit - total), null);
    if (count === 0) break;
    parts.push(Buffer.from(chunk.subarray(0, count)));
    total += count;
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

/** True for the errors by which /proc says that the process has ended (proc(5)). */
export function isGone(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ESRCH';
}

/** True for the errors by which the kernel refuses a look at another user's process. */
export function isDenied(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'EACCES' || code === 'EPERM';
}

/** Returns what `read` returns, and null where the process is gone or may not be looked at. */
export function orNull<T>(read: () => T | null): T | null {
  try {
    return read();
  } catch (error) {
    if (isGone(error) || isDenied(error)) return null;
    throw error;
  }
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
