import { createProcfsTable } from '../processes/procfs.ts';
import { createPsListTable } from '../processes/ps-list.ts';
import { createCollector } from './collector.ts';
import { createEnder } from './ender.ts';
import { rememberShown } from './given-out.ts';
import { createCloseLook } from './pure-ftpd/close-look.ts';
import { createKeptLook } from './pure-ftpd/kept-look.ts';
import { createPureFtpdLook } from './pure-ftpd/look.ts';
import type { SessionSource } from './session.ts';
import type { SessionEnder } from './session-ender.ts';

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

/** The daemons of this host, looked at with the rights of this process. */
export function createFtp({ processSource, procRoot, scoreboardDirs }: FtpSettings): Ftp {
  const table =
    processSource === 'procfs'
      ? createProcfsTable(procRoot)
      : createPsListTable(process.platform === 'linux' ? procRoot : null);
  const plain = createPureFtpdLook(table, scoreboardDirs);
  const collector = createCollector([createKeptLook(table, scoreboardDirs, plain)]);
  const { sessions, hasShown } = rememberShown(collector, table);
  const closeLooks = [createCloseLook(table, scoreboardDirs)];
  return { sessions, ender: createEnder({ closeLooks, table, hasShown }) };
}
