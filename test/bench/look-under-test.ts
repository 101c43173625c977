import { createCollector } from '../../src/ftp/collector.ts';
import { createKeptLook } from '../../src/ftp/pure-ftpd/kept-look.ts';
import { createPureFtpdLook } from '../../src/ftp/pure-ftpd/look.ts';
import type { SessionSource } from '../../src/ftp/session.ts';
import { createProcfsTable } from '../../src/processes/procfs.ts';

/** The look as the server has it (src/serve.ts) with its default configuration on Linux. */
export function createLookUnderTest(): SessionSource {
  const scoreboardDirs = ['/run/pure-ftpd', '/var/run/pure-ftpd'];
  const table = createProcfsTable();
  const plain = createPureFtpdLook(table, scoreboardDirs);
  return createCollector([createKeptLook(table, scoreboardDirs, plain)]);
}
