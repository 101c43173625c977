import { createCollector } from '../../src/collector/collector.ts';
import type { ContainerRules } from '../../src/collector/contained-daemons.ts';
import { createEngine } from '../../src/collector/engine.ts';
import { daemonDrivers } from '../../src/daemons/index.ts';
import { readDaemonSettings } from '../../src/daemons/settings.ts';
import { createProcfsTable } from '../../src/os/processes/procfs.ts';
import type { SessionSource } from '../../src/sessions/session.ts';

/** The scan as the server has it (src/monitor/serve.ts) with its default configuration on Linux. */
export function createScanUnderTest(containers: ContainerRules | null = null): SessionSource {
  const settings = readDaemonSettings(() => undefined);
  const table = createProcfsTable();
  const engine = createEngine({ drivers: daemonDrivers, settings, table, containers });
  return createCollector(engine.scan);
}
