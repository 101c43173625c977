import type { EndSignal, Process, Termination } from '../process-table.ts';
import { readExecutable, readExecutablePath } from './exe.ts';
import { isLiving, readCredentials } from './facts.ts';
import { showsOwnPids } from './residence.ts';

/**
 * Sends a signal to a process if /proc below `root` says of it what it said before. Whether it is
 * still that very process is asked last, with nothing but the signal behind it.
 *
 * What cannot be ruled out: between that last read(2) and kill(2), microseconds apart, the process
 * ends, its parent takes note of it, and the kernel, which hands out every other free pid first,
 * comes round to this one. A signal through a pidfd (pidfd_send_signal(2)) would leave no such
 * moment, but Node.js has no way to send one. A start time counts hundredths of a second, so a pid
 * would have to come round within one of these for the check itself to be deceived.
 */
export function terminate(
  root: string,
  process: Process,
  name: EndSignal = 'SIGTERM',
): Termination {
  if (!showsOwnPids(root)) return 'denied';
  // Before its executable is asked for: of a process that is another by now that could take for ever.
  if (readCredentials(root, process)?.effectiveUid !== process.uid) return 'gone';
  if (!executesSame(`${root}/${process.pid}/exe`, process)) return 'gone';
  return isLiving(root, process) ? signal(process.pid, name) : 'gone';
}

/** Of a container's the file need not answer, and nothing was asked of it before. */
function executesSame(link: string, { executable, executablePath, isContained }: Process): boolean {
  if (isContained === true) return readExecutablePath(link) === executablePath;
  return isSame(readExecutable(link), executable);
}

function isSame(now: Process['executable'], before: Process['executable']): boolean {
  return (
    now?.identity === before?.identity && now?.writableByRootOnly === before?.writableByRootOnly
  );
}

/** A signal to that one process. */
export function signal(pid: number, name: EndSignal): Termination {
  // kill(2) takes other numbers for groups, or for everybody.
  if (!Number.isSafeInteger(pid) || pid <= 1) return 'denied';
  try {
    process.kill(pid, name);
    return 'sent';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ESRCH') return 'gone';
    if (code === 'EPERM') return 'denied';
    throw error;
  }
}
