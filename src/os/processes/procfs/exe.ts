import { existsSync, readlinkSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Executable } from '../process-table.ts';
import { isDenied, isGone } from './read-file.ts';

/** The path that a process executes; null when it may not be read, undefined when there is none. */
export function readExecutablePath(link: string): string | null | undefined {
  try {
    return readlinkSync(link);
  } catch (error) {
    if (isGone(error)) return undefined;
    // Of a process that ends during the call the kernel says EACCES, as of one that it hides
    // (fs/proc/base.c, proc_pid_readlink).
    if (isDenied(error)) return existsSync(`${dirname(link)}/stat`) ? null : undefined;
    throw error;
  }
}

/**
 * Describes the file behind /proc/PID/exe. The link leads to the very inode that is executed, even
 * after another file took its path, and whatever the process' own mounts show under that path.
 * Returns null when it may not be read or the process is gone.
 */
export function readExecutable(link: string): Executable | null {
  try {
    const path = readlinkSync(link);
    const file = statSync(link, { bigint: true });
    return {
      path,
      identity: `${file.dev}:${file.ino}`,
      writableByRootOnly: file.uid === 0n && (file.mode & 0o022n) === 0n,
    };
  } catch (error) {
    if (isDenied(error) || isGone(error)) return null;
    throw error;
  }
}
