import type { Scope } from './scope.ts';
import type { ServerState, ServersReport } from './servers.ts';
import type { Gap, RunningDaemon } from './session.ts';
import type { SessionCounts } from './session-counts.ts';

/** How many sessions each host of a fleet has, and what could not be seen there. */
export interface FleetCounts {
  readonly servers: ServersReport;
  /** By the names of those that have answered. */
  readonly counts: ReadonlyMap<string, SessionCounts>;
  readonly gaps: readonly Gap[];
  readonly daemons: readonly RunningDaemon[];
}

/** The hosts of a fleet, as its gateway knows them. */
export interface Fleet {
  /** The names of those that are let in. */
  servers(): readonly string[];
  /** Asks those in the scope, and tells how each is. */
  states(scope: Scope): Promise<readonly ServerState[]>;
  /**
   * Counts the sessions in the scope, however many there are. Rejects as `SessionSource.snapshot` does of a
   * fleet.
   */
  count(scope: Scope): Promise<FleetCounts>;
}
