import type { Candidate, Login, RecordReader } from '../daemons/driver.ts';
import type { Daemon } from './daemon.ts';
import { settledUid } from './settled-uid.ts';

/**
 * Whether a possible session has logged in, as far as one reading tells: by its ids where these tell,
 * else by its record. The ids are asked for once more afterwards (`hasChangedOwner`).
 */
export function loginOf(
  candidate: Candidate,
  reader: RecordReader<unknown>,
  daemon: Daemon,
): Login {
  if (!daemon.driver.mayPrecedeLogin(candidate)) return 'after';
  const record = reader.read(candidate);
  return hasChangedOwner(candidate, record, daemon) ? 'before' : daemon.driver.loginOf(record);
}

/**
 * True when a process has been given to its user since its ids were read. A daemon does that before
 * it notes the account, so what a record says of somebody who has logged in holds only if the process
 * has the ids still that it had before. As yet it is nobody's.
 */
export function hasChangedOwner(
  candidate: Candidate,
  record: unknown,
  { driver, table }: Daemon,
): boolean {
  if (candidate.isOwnerKnown) return false;
  if (!driver.mayPrecedeLogin(candidate) || driver.loginOf(record) !== 'after') return false;
  return settledUid(candidate.process, table) !== candidate.process.uid;
}
