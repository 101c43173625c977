import type { ProcessTable } from '../../os/processes/process-table.ts';
import type { Candidate } from './candidates.ts';
import { readRecord } from './record.ts';
import type { Scoreboard } from './scoreboard.ts';

/**
 * Whether a possible session has logged in, as far as one reading tells: a process that is somebody's
 * has. One that is root's is a connection before login, or root's own session: its record names
 * somebody then. The daemon gives a process to its user before it notes the account (its ftpd.c), so
 * what the record says of root holds if the process is root's afterwards, too.
 */
export function loginOf(
  { process }: Candidate,
  scoreboard: Scoreboard,
  table: ProcessTable,
): 'before' | 'after' | 'unknown' {
  if (process.uid !== 0) return 'after';
  const record = readRecord(process, scoreboard, table.files);
  if (record.kind !== 'entry') return 'unknown';
  if (record.entry.account === '?') return 'before';
  return table.uidOf(process) === 0 ? 'after' : 'before';
}
