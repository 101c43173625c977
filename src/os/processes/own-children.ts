import { readdirSync, readFileSync } from 'node:fs';
import { parsePids } from './procfs/kept-process.ts';

/** Ends (SIGKILL) this process' children of that name (comm); none where the system has no /proc. */
export function endOwnChildren(name: string): void {
  for (const pid of ownChildren()) {
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'latin1') === `${name}\n`) process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended of its own accord.
    }
  }
}

function ownChildren(): number[] {
  try {
    return readdirSync('/proc/self/task').flatMap((thread) =>
      parsePids(readFileSync(`/proc/self/task/${thread}/children`, 'latin1')),
    );
  } catch {
    return [];
  }
}
