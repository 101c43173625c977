import { writeFileSync } from 'node:fs';

/**
 * Lets the kernel go on giving pids after this one (pid_namespaces(7)), those in use left out. So a
 * session can get the pid of one that has just ended, which else takes thousands of forks. Concerns
 * the sandbox alone, which has pids of its own.
 */
export function usePidsAfter(pid: number): void {
  writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid));
}
