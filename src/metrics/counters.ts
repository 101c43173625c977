import { createRefusalCounts, type RefusalCounts } from '../auth/count-refusals.ts';
import type { Scope } from '../sessions/scope.ts';
import type { Snapshot } from '../sessions/session.ts';
import { type CallCounter, createCallCounter } from '../uapi/call/call-counter.ts';
import type { UapiFunction } from '../uapi/call/define-function.ts';
import { createFailureCounts, type FailureCounts } from './failure-counter.ts';
import { createFleetAsks, type FleetAsks } from './fleet-asks.ts';
import { createScanTimes, type ScanTimes } from './scan-times.ts';
import { createSnapshotCounter, type SnapshotCounter } from './snapshot-counter.ts';

/** All that is counted between one scrape and the next. */
export interface Counters {
  readonly snapshots: SnapshotCounter;
  readonly scanTimes: ScanTimes;
  readonly failures: FailureCounts;
  readonly calls: CallCounter;
  readonly refusals: RefusalCounts;
  /** Of a gateway. */
  readonly fleetAsks: FleetAsks;
  /** Takes a snapshot of that scope. */
  addSnapshot(snapshot: Snapshot, scope: Scope): void;
}

export function createCounters(functions: readonly UapiFunction[]): Counters {
  const snapshots = createSnapshotCounter();
  const scanTimes = createScanTimes();
  const failures = createFailureCounts();
  return {
    snapshots,
    scanTimes,
    failures,
    calls: createCallCounter(functions),
    refusals: createRefusalCounts(),
    fleetAsks: createFleetAsks(),
    addSnapshot: (snapshot, scope) => {
      snapshots.add(snapshot, scope);
      scanTimes.add(snapshot);
      failures.add(snapshot);
    },
  };
}
