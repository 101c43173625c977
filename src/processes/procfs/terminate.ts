import type { Process, Termination } from '../process-table.ts';
import { inspect, isLiving } from './inspect.ts';
import { orNull, readProcFile } from './read-file.ts';
import { parseNamespacePids } from './status.ts';

/**
 * Sends SIGTERM to a process if /proc below `root` says of it what it said before. Whether it is
 * still that very process is asked last, with nothing but the signal behind it.
 *
 * What cannot be ruled out: between that last read(2) and kill(2), microseconds apart, the process
 * ends, its parent takes note of it, and the kernel, which hands out every other free pid first,
 * comes round to this one. A signal through a pidfd (pidfd_send_signal(2)) would leave no such
 * moment, but Node.js has no way to send one. A start time counts hundredths of a second, so a pid
 * would have to come round within one of these for the look itself to be deceived.
 */
export function terminate(root: string, process: Process): Termination {
  if (!showsOwnPids(root)) return 'denied';
  const now = orNull(() => inspect(root, process.pid, null));
  if (now === null || now.uid !== process.uid) return 'gone';
  if (!isSame(now.executable, process.executable)) return 'gone';
  return isLiving(root, process) ? signal(process.pid) : 'gone';
}

function isSame(now: Process['executable'], before: Process['executable']): boolean {
  return (
    now?.identity === before?.identity && now?.writableByRootOnly === before?.writableByRootOnly
  );
}

/** SIGTERM to that one process. */
export function signal(pid: number): Termination {
  // kill(2) takes other numbers for groups, or for everybody.
  if (!Number.isSafeInteger(pid) || pid <= 1) return 'denied';
  try {
    process.kill(pid, 'SIGTERM');
    return 'sent';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ESRCH') return 'gone';
    if (code === 'EPERM') return 'denied';
    throw error;
  }
}

/**
 * True when the pids in this /proc are those that kill(2) knows. In a container that looks at its
 * host through another /proc they are not: there the same number is another process.
 */
function showsOwnPids(root: string): boolean {
  const status = orNull(() => readProcFile(`${root}/self/status`));
  const pids = status === null ? null : parseNamespacePids(status.toString('latin1'));
  return pids?.length === 1 && pids[0] === process.pid;
}
