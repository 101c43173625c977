import type { DaemonDriver, DaemonRecords } from '../daemons/driver.ts';
import type { ProcessTable } from '../os/processes/process-table.ts';

/** A daemon on this host: its driver, its records, and the process table that both are held against. */
export interface Daemon<R = unknown> {
  readonly driver: DaemonDriver<R>;
  readonly records: DaemonRecords<R>;
  readonly table: ProcessTable;
}
