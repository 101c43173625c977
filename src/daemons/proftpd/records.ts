import type { ProcessFacts, ProcessTable } from '../../os/processes/process-table.ts';
import type { DaemonRecords } from '../driver.ts';
import { heldFile, isSameFile } from '../held-file.ts';
import { createKnownScoreboards, type KnownScoreboard } from './known-scoreboards.ts';
import { pathOf } from './own-scoreboard.ts';
import { createRecordReader, type SessionRecord } from './record.ts';
import type { Slot } from './scoreboard-file.ts';

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
  table: Pick<ProcessTable, 'files'>,
): DaemonRecords<SessionRecord> {
  const { files } = table;
  const known = createKnownScoreboards(paths);
  const reader = createRecordReader(table, known, listsSftp);
  let pids: readonly number[] = [];
  let lastRead: readonly ReadScoreboard[] | null = null;
  const readAll = () => {
    lastRead = known.all().map((scoreboard) => ({ scoreboard, slots: scoreboard.slots() }));
    return lastRead;
  };
  return {
    pids: () => {
      const now = readAll().flatMap(({ slots }) => [...(slots?.keys() ?? [])]);
      if (now.length !== pids.length || now.some((pid, at) => pid !== pids[at])) pids = now;
      return pids;
    },
    has: (pid) => (lastRead ?? readAll()).some(({ slots }) => slots?.has(pid)),
    isHeldBy: (process) => isHeldBy(process, lastRead ?? readAll(), files),
    open: () => ({ read: reader }),
  };
}

/**
 * A scoreboard and its entries when the pids were asked for last, which every scan does at its
 * beginning. What is asked of single processes is answered by this: a scoreboard changes with each
 * command of each session, and reading it anew for each process would take their number squared.
 */
interface ReadScoreboard {
  readonly scoreboard: KnownScoreboard;
  /** Null for another layout. */
  readonly slots: ReadonlyMap<number, Slot> | null;
}

/**
 * True when a process holds the very file open that has an entry of its pid. Told by what the kernel
 * knows of a descriptor and its inode: asking a file itself would wait for its file system, which
 * may be the user's own.
 */
function isHeldBy(
  process: ProcessFacts,
  read: readonly ReadScoreboard[],
  files: ProcessTable['files'],
): boolean | null {
  const recorded = read.flatMap(({ scoreboard, slots }) =>
    slots?.has(process.pid) ? scoreboard : [],
  );
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
