import { createRefusalCounts, type RefusalCounts } from '../auth/count-refusals.ts';
import type { Snapshot } from '../sessions/session.ts';
import { type CallTally, createCallTally } from '../uapi/call/call-counter.ts';
import type { UapiFunction } from '../uapi/call/define-function.ts';
import { createEndingCounts, type EndingCounts } from './count-endings.ts';
import { createFailureCounts, type FailureCounts } from './failure-counter.ts';
import { createSightTally, type SightTally } from './gap-counter.ts';
import { createLookTimes, type LookTimes } from './look-times.ts';

/** All that is counted between one scrape and the next. */
export interface Tallies {
  readonly sights: SightTally;
  readonly lookTimes: LookTimes;
  readonly failures: FailureCounts;
  readonly calls: CallTally;
  readonly refusals: RefusalCounts;
  readonly endings: EndingCounts;
  /** Takes a snapshot that was asked for on behalf of `owners`, null for everybody. */
  addSnapshot(snapshot: Snapshot, owners: readonly number[] | null): void;
}

export function createTallies(functions: readonly UapiFunction[]): Tallies {
  const sights = createSightTally();
  const lookTimes = createLookTimes();
  const failures = createFailureCounts();
  return {
    sights,
    lookTimes,
    failures,
    calls: createCallTally(functions),
    refusals: createRefusalCounts(),
    endings: createEndingCounts(),
    addSnapshot: (snapshot, owners) => {
      sights.add(snapshot, owners);
      lookTimes.add(snapshot);
      failures.add(snapshot);
    },
  };
}
