import type { ProcessFacts, ProcessTable } from '../../os/processes/process-table.ts';
import type { DaemonRecords } from '../driver.ts';
import { isSameFile } from '../held-file.ts';
import { findOwnRecord } from './own-record.ts';
import { readRecord, type SessionRecord } from './record.ts';
import { openScoreboard } from './scoreboard.ts';
import { createScoreboardPids } from './scoreboard-pids.ts';

/** The records of pure-ftpd's sessions: a file for each in the first of `directories` that exists. */
export function openRecords(
  directories: readonly string[],
  { files }: Pick<ProcessTable, 'files'>,
): DaemonRecords<SessionRecord> {
  return {
    pids: createScoreboardPids(directories),
    has: (pid) => openScoreboard(directories).read(pid).kind !== 'missing',
    isHeldBy: (process) => isHeldBy(process, directories, files),
    open: () => {
      const scoreboard = openScoreboard(directories);
      return { read: ({ process }) => readRecord(process, scoreboard, files) };
    },
  };
}

/**
 * True when a process holds the very file open that the scoreboard has under its pid. Told by what
 * the kernel knows of a descriptor and its inode: asking a file itself would wait for its file
 * system, which may be the user's own. A record elsewhere than in the scoreboard does not count: the
 * root of a container that shares the PID namespace could have made it.
 */
function isHeldBy(
  process: ProcessFacts,
  directories: readonly string[],
  files: ProcessTable['files'],
): boolean | null {
  if (files === null) return null;
  const reading = openScoreboard(directories).read(process.pid);
  if (reading.kind === 'missing') return false;
  const open = files.list(process);
  const own = open === null ? 'unknown' : findOwnRecord(process, open, files);
  if (own === 'none') return false;
  return own === 'unknown' || reading.kind !== 'entry' ? null : isSameFile(own, reading);
}
