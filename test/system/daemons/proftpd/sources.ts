import { describe } from 'node:test';
import { createCollector } from '../../../../src/collector/collector.ts';
import { createEngine, type Engine } from '../../../../src/collector/engine.ts';
import { daemonDrivers } from '../../../../src/daemons/index.ts';
import type { ProcessTable } from '../../../../src/os/processes/process-table.ts';
import type { SessionSource } from '../../../../src/sessions/session.ts';
import type { ProftpdRelease } from '../../../support/proftpd/programs.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { tables } from '../pure-ftpd/sources.ts';

/** The engine with all drivers. What a driver throws ends the test. */
export function engineOver(table: ProcessTable, scoreboards: readonly string[] = []): Engine {
  return createEngine({
    drivers: daemonDrivers,
    settings: { proftpd: { proftpdScoreboard: scoreboards } },
    table,
    // A machine that is busy with tests is no failure of a driver.
    maxScanMs: 120_000,
    onFailure: (daemon, error) => {
      process.nextTick(() => {
        throw new Error(`the driver of ${daemon} failed`, { cause: error });
      });
    },
  });
}

export function collectThrough(
  table: ProcessTable,
  scoreboards: readonly string[] = [],
): SessionSource {
  return createCollector(engineOver(table, scoreboards).scan);
}

/** Each release through each process table, without all their combinations. */
const combinations: readonly (readonly [ProftpdRelease, string])[] = [
  ['own', 'procfs kept open'],
  ['own', 'procfs'],
  ['own', 'ps-list'],
  ['trixie', 'procfs kept open'],
];

/** Declares the same tests for every process table and every ProFTPD. */
export function describeThroughAll(
  name: string,
  tests: (collector: SessionSource, release: ProftpdRelease, source: string) => void,
): void {
  for (const [release, source] of combinations) {
    describe(`${name} (${release}), through ${source}`, { skip: needsSandbox() }, () => {
      const table = tables[source]?.();
      if (table === undefined) throw new Error(`no process table ${source}`);
      tests(collectThrough(table), release, source);
    });
  }
}
