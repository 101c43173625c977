import type { ProcessIdentity } from '../process-table.ts';
import { readStartTime } from './facts.ts';
import { readProcFile } from './read-file.ts';

const cmdlineLimit = 4096;

/**
 * The first bytes of /proc/PID/cmdline of that very process; null when it has ended. Opening waits
 * for nobody. A file that was opened while the process was there is its own, so a process that
 * has got its pid since is not waited for.
 */
export function readCmdline(root: string, { pid, startTime }: ProcessIdentity): Buffer | null {
  return readProcFile(`${root}/${pid}/cmdline`, cmdlineLimit, () => {
    return readStartTime(root, pid) === startTime;
  });
}

/**
 * The process title in the bytes of /proc/PID/cmdline: all up to the first NUL. What stands behind
 * it are other arguments, or what a shorter title left of the old ones.
 */
export function parseCmdline(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** The arguments that stand behind the title; undefined where the bytes may not be all of them. */
export function parseArgumentsLeft(bytes: Buffer): string[] | undefined {
  if (bytes.length >= cmdlineLimit) return undefined;
  const end = bytes.indexOf(0);
  return end < 0 ? [] : bytes.toString('utf8', end).split('\0').filter(Boolean);
}
