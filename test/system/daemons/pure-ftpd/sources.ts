import { describe } from 'node:test';
import { type CollectorOptions, createCollector } from '../../../../src/collector/collector.ts';
import type { ContainerRules } from '../../../../src/collector/contained-daemons.ts';
import { readDetails } from '../../../../src/collector/details.ts';
import { createEngine, type Engine } from '../../../../src/collector/engine.ts';
import { daemonDrivers } from '../../../../src/daemons/index.ts';
import type { ProcessTable } from '../../../../src/os/processes/process-table.ts';
import { createProcfsTable } from '../../../../src/os/processes/procfs.ts';
import { createPsListTable } from '../../../../src/os/processes/ps-list.ts';
import type { SessionSource } from '../../../../src/sessions/session.ts';
import { needsSandbox } from '../../../support/sandbox.ts';

/** Where pure-ftpd keeps its scoreboard. */
export const scoreboardDirs = ['/run/pure-ftpd', '/var/run/pure-ftpd'];

/** The ways to read the process table, by name. */
export const tables: Readonly<Record<string, () => ProcessTable>> = {
  /** As where descriptors run short, or the kernel lacks what can be kept. */
  procfs: () => ({ ...createProcfsTable(), kept: null }),
  'procfs kept open': () => createProcfsTable(),
  'ps-list': () => createPsListTable('/proc'),
};

/** The collector over one of the process tables. */
export function collectThrough(
  table: ProcessTable,
  directories = scoreboardDirs,
  containers: ContainerRules | null = null,
  options: Pick<CollectorOptions, 'accountsIn'> = {},
): SessionSource {
  return createCollector(engineOver(table, directories, containers).scan, {
    ...options,
    detailsOf: (sessions) => readDetails(sessions, table),
  });
}

/** The engine with all drivers over one of the process tables. What a driver throws ends the test. */
export function engineOver(
  table: ProcessTable,
  directories = scoreboardDirs,
  containers: ContainerRules | null = null,
): Engine {
  return createEngine({
    drivers: daemonDrivers,
    settings: { 'pure-ftpd': { scoreboardDir: directories } },
    table,
    containers,
    // A machine that is busy with tests is no failure of a driver.
    maxScanMs: 120_000,
    onFailure: (daemon, error) => {
      process.nextTick(() => {
        throw new Error(`the driver of ${daemon} failed`, { cause: error });
      });
    },
  });
}

/** Declares the same tests for every process table, against a real pure-ftpd. */
export function describeThroughAll(
  name: string,
  tests: (collector: SessionSource, table: ProcessTable, source: string) => void,
): void {
  for (const [source, createTable] of Object.entries(tables)) {
    describe(`${name}, through ${source}`, { skip: needsSandbox() }, () => {
      const table = createTable();
      tests(collectThrough(table), table, source);
    });
  }
}
