import type { DaemonDriver, DaemonRecords } from '../daemons/driver.ts';
import type { ProcessTable } from '../os/processes/process-table.ts';
import type { ContainedDaemons } from './contained-daemons.ts';

/** A daemon on this host: its driver, its records, and the process table that both are held against. */
export interface Daemon<R = unknown> {
  readonly driver: DaemonDriver<R>;
  readonly records: DaemonRecords<R>;
  readonly table: ProcessTable;
  /** Null where the configuration names no container. */
  readonly contained?: ContainedDaemons | null;
}
