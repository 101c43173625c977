import type { ProcessFacts, ProcessTable } from '../../os/processes/process-table.ts';
import type { DaemonRecords } from '../driver.ts';
import { heldFile, isSameFile } from '../held-file.ts';
import { createKnownScoreboards, type KnownScoreboard } from './known-scoreboards.ts';
import { pathOf } from './own-scoreboard.ts';
import { createRecordReader, type SessionRecord } from './record.ts';

/** A process can hold files of that name by the thousand. */
const maxDescribed = 8;

/**
 * The records of ProFTPD's sessions: one file for all sessions of one daemon. Those of a master's are
 * found by what its sessions hold. Without a master, as under a super-server, the scoreboard proves a
 * session: then it is one of `paths`. `listsSftp`
 * says whether mod_sftp's sessions count as FTP.
 */
export function openRecords(
  paths: readonly string[],
  listsSftp: boolean,
  table: Pick<ProcessTable, 'files' | 'uidOf'>,
): DaemonRecords<SessionRecord> {
  const { files } = table;
  const known = createKnownScoreboards(paths);
  const reader = createRecordReader(table, known, listsSftp);
  let pids: readonly number[] = [];
  return {
    pids: () => {
      const now = known.all().flatMap((each) => [...(each.slots()?.keys() ?? [])]);
      if (now.length !== pids.length || now.some((pid, at) => pid !== pids[at])) pids = now;
      return pids;
    },
    has: (pid) => known.all().some((each) => each.slots()?.has(pid)),
    isHeldBy: (process) => isHeldBy(process, known.all(), files),
    open: () => ({ read: reader }),
  };
}

/**
 * True when a process holds the very file open that has an entry of its pid. Told by what the kernel
 * knows of a descriptor and its inode: asking a file itself would wait for its file system, which
 * may be the user's own.
 */
function isHeldBy(
  process: ProcessFacts,
  known: readonly KnownScoreboard[],
  files: ProcessTable['files'],
): boolean | null {
  const recorded = known.filter((each) => each.slots()?.has(process.pid));
  if (recorded.length === 0) return false;
  const open = files?.list(process) ?? null;
  if (files === null || open === null) return null;
  let isClear = true;
  let described = 0;
  for (const { fd, target } of open) {
    const path = pathOf(target);
    for (const scoreboard of recorded.filter((each) => each.path === path)) {
      if (described === maxDescribed) return null;
      described += 1;
      const info = files.describe(process, fd);
      if (info === null || info.access !== 'read-write' || info.isDirectory) continue;
      const isSame = isSameFile(heldFile(process, fd, info, files), scoreboard);
      if (isSame === true) return true;
      isClear &&= isSame === false;
    }
  }
  return isClear ? false : null;
}
