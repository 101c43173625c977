import type { DaemonDriver } from '../daemons/driver.ts';
import type { Process, ProcessTable } from '../os/processes/process-table.ts';

/** A daemon is root for some system calls, and one reading is as long as many of them. */
const maxReadings = 20;

/**
 * The uid that a process runs as, when it is not root for a moment: of one whose real uid is root's
 * the daemon lowers the effective one alone, and raises it where it needs root's rights, also after a
 * login (ProFTPD with RootRevoke off). Root's where it is root each time; null when it has ended.
 */
export function settledUid(
  process: Pick<Process, 'pid' | 'startTime'>,
  table: Pick<ProcessTable, 'uidOf'>,
): number | null {
  let uid = table.uidOf(process);
  for (let reading = 1; reading < maxReadings && uid === 0; reading += 1) {
    uid = table.uidOf(process);
  }
  return uid;
}

/** True of a process whose effective uid says whose it is, and whose real one leaves it free to change. */
export function mayChangeOwner(
  { realUid }: Pick<Process, 'realUid'>,
  { masterIds }: Pick<DaemonDriver, 'masterIds'>,
): boolean {
  return masterIds === 'real-root' && realUid === 0;
}

/** True of a process that can be root for a moment, and so of another owner than it seems. */
export function mayBeRootForAMoment(
  process: Pick<Process, 'uid' | 'realUid'>,
  driver: Pick<DaemonDriver, 'masterIds'>,
): boolean {
  return process.uid === 0 && mayChangeOwner(process, driver);
}
