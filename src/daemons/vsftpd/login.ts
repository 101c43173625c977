import type { ProcessFacts, ProcessTable } from '../../os/processes/process-table.ts';
import type { Candidate, DaemonRecords, Login } from '../driver.ts';

/** What takes the place of a record, as vsftpd keeps none: what ids tell of the login. */
export interface LoginRecord {
  readonly login: Login;
}

const none: readonly number[] = [];

/**
 * vsftpd keeps no records. Whether somebody has logged in title and ids tell, which `open` reads
 * where they were not enough.
 */
export function openLogins(table: Pick<ProcessTable, 'uidOf'>): DaemonRecords<LoginRecord> {
  return {
    pids: () => none,
    has: () => false,
    isHeldBy: () => null,
    open: () => ({ read: (candidate) => ({ login: loginOf(candidate, table) }) }),
  };
}

/**
 * False for what has logged in for certain: a session's title, or without titles supplementary
 * groups. vsftpd takes those of the user that it becomes at the login, and has dropped root's in all
 * that it runs as its own uid; but a process that serves a connection alone becomes its user before.
 */
export function mayPrecedeLogin({ process, master, setsTitles }: Candidate): boolean {
  if (process.uid === 0) return true;
  if (setsTitles) return false;
  return process.hasGroups !== true || isAlone(process, master);
}

function loginOf(candidate: Candidate, table: Pick<ProcessTable, 'uidOf'>): Login {
  const { process, setsTitles } = candidate;
  if (!mayPrecedeLogin(candidate) || setsTitles) return 'after';
  // One of root's is root's own session, or has not become its user yet.
  if (process.uid === 0) return table.uidOf(process) === 0 ? 'unknown' : 'before';
  return process.hasGroups === false ? 'before' : 'unknown';
}

/** True for what serves a connection of the listener's alone (one_process_model). */
function isAlone(process: ProcessFacts, master: ProcessFacts | null): boolean {
  return master !== null && process.parentPid === master.pid;
}
