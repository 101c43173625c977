import type { DaemonLook } from '../daemons/driver.ts';
import { createCloseLook } from '../daemons/pure-ftpd/close-look.ts';
import { createKeptLook } from '../daemons/pure-ftpd/kept-look.ts';
import { createPureFtpdLook } from '../daemons/pure-ftpd/look.ts';
import { createLeftAlone, type LeftAlone } from '../os/processes/left-alone.ts';
import { createProcfsTable } from '../os/processes/procfs.ts';
import { createPsListTable } from '../os/processes/ps-list.ts';
import type { SessionSource } from '../sessions/session.ts';
import type { SessionEnder } from '../sessions/session-ender.ts';
import { createCollector } from './collector.ts';
import { createEnder } from './ender.ts';
import { rememberShown } from './issued.ts';

export interface FtpSettings {
  readonly processSource: 'procfs' | 'ps-list';
  readonly procRoot: string;
  readonly scoreboardDirs: readonly string[];
}

/** The FTP sessions of this host, and what ends them. */
export interface Ftp {
  readonly sessions: SessionSource;
  readonly ender: SessionEnder;
}

export interface Before {
  readonly leftAlone?: LeftAlone;
  /** The number of looks that processes before this one have made. */
  readonly looksBefore?: number;
}

/** The daemons of this host, looked at with the rights of this process. */
export function createFtp(
  { processSource, procRoot, scoreboardDirs }: FtpSettings,
  { leftAlone = createLeftAlone(procRoot), looksBefore = 0 }: Before = {},
): Ftp {
  const table =
    processSource === 'procfs'
      ? createProcfsTable(procRoot, leftAlone)
      : createPsListTable(process.platform === 'linux' ? procRoot : null);
  const plain = createPureFtpdLook(table, scoreboardDirs);
  const collector = createCollector(
    [createKeptLook(table, scoreboardDirs, plain), lookAtLeftAlone(leftAlone)],
    looksBefore,
  );
  const { sessions, hasShown } = rememberShown(collector, table);
  const closeLooks = [createCloseLook(table, scoreboardDirs)];
  return { sessions, ender: createEnder({ closeLooks, table, hasShown }) };
}

/** Tells of each process that is left alone; it may be a session of its owner's. */
function lookAtLeftAlone(leftAlone: LeftAlone): DaemonLook {
  return async () => ({
    sessions: [],
    daemons: [],
    gaps: leftAlone
      .living()
      .map(({ pid, uid }) => ({ cause: 'process-left-alone', ownerUid: uid, pid })),
  });
}
