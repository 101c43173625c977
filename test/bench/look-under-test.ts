import { createCollector } from '../../src/collector/collector.ts';
import { createKeptLook } from '../../src/daemons/pure-ftpd/kept-look.ts';
import { createPureFtpdLook } from '../../src/daemons/pure-ftpd/look.ts';
import { createProcfsTable } from '../../src/os/processes/procfs.ts';
import type { SessionSource } from '../../src/sessions/session.ts';

/** The look as the server has it (src/monitor/serve.ts) with its default configuration on Linux. */
export function createLookUnderTest(): SessionSource {
  const scoreboardDirs = ['/run/pure-ftpd', '/var/run/pure-ftpd'];
  const table = createProcfsTable();
  const plain = createPureFtpdLook(table, scoreboardDirs);
  return createCollector([createKeptLook(table, scoreboardDirs, plain)]);
}
