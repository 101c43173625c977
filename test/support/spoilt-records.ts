import { appendFileSync, closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { entryName } from '../../src/daemons/pure-ftpd/scoreboard.ts';
import { scoreboardDirs } from '../system/daemons/pure-ftpd/sources.ts';

// Each is done to the very file that the session holds open: what lies in the scoreboard under its
// name instead is not read. No file is ever cut, since that ends pure-ftpd (SIGBUS).

/** Gives a session's own record a size that no known layout has. */
export function lengthenRecord(pid: number): void {
  appendFileSync(recordOf(pid), 'x'.repeat(999));
}

/** Makes a session's own record that of another pid, which is as good as none. */
export function giveRecordAway(pid: number): void {
  const fd = openSync(recordOf(pid), 'r+');
  writeSync(fd, Buffer.from([1, 0, 0, 0]), 0, 4, pidAt);
  closeSync(fd);
}

/** Where the pid is in a record: pure-ftpd's FTPWhoEntry begins with the state, an int. */
const pidAt = 4;

function recordOf(pid: number): string {
  return join(scoreboardDirs[0] ?? '', entryName(pid));
}
