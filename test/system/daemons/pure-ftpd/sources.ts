import { describe } from 'node:test';
import { createCollector } from '../../../../src/collector/collector.ts';
import { createKeptLook } from '../../../../src/daemons/pure-ftpd/kept-look.ts';
import { createPureFtpdLook } from '../../../../src/daemons/pure-ftpd/look.ts';
import type { ProcessTable } from '../../../../src/os/processes/process-table.ts';
import { createProcfsTable } from '../../../../src/os/processes/procfs.ts';
import { createPsListTable } from '../../../../src/os/processes/ps-list.ts';
import type { SessionSource } from '../../../../src/sessions/session.ts';
import { needsSandbox } from '../../../support/sandbox.ts';

/** Where pure-ftpd keeps its scoreboard. */
export const scoreboardDirs = ['/run/pure-ftpd', '/var/run/pure-ftpd'];

/** The tables whose files are kept open from look to look. */
const kept = new WeakSet<ProcessTable>();

/** The ways to read the process table, by name. */
export const tables: Readonly<Record<string, () => ProcessTable>> = {
  procfs: () => createProcfsTable(),
  'procfs kept open': () => {
    const table = createProcfsTable();
    kept.add(table);
    return table;
  },
  'ps-list': () => createPsListTable('/proc'),
};

/** The collector over one of the process tables. */
export function collectThrough(table: ProcessTable, directories = scoreboardDirs): SessionSource {
  const plain = createPureFtpdLook(table, directories);
  return createCollector([kept.has(table) ? createKeptLook(table, directories, plain) : plain]);
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
