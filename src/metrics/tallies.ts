import { createRefusalCounts, type RefusalCounts } from '../auth/count-refusals.ts';
import { createEndingCounts, type EndingCounts } from '../ftp/count-endings.ts';
import type { Snapshot } from '../ftp/session.ts';
import { createSightTally, type SightTally } from '../ftp/sight-tally.ts';
import { type CallTally, createCallTally } from '../uapi/call-tally.ts';
import type { UapiFunction } from '../uapi/define-function.ts';
import { createLookTimes, type LookTimes } from './look-times.ts';

/** All that is counted between one scrape and the next. */
export interface Tallies {
  readonly sights: SightTally;
  readonly lookTimes: LookTimes;
  readonly calls: CallTally;
  readonly refusals: RefusalCounts;
  readonly endings: EndingCounts;
  /** Takes a snapshot that was asked for on behalf of `owners`, null for everybody. */
  addSnapshot(snapshot: Snapshot, owners: readonly number[] | null): void;
}

export function createTallies(functions: readonly UapiFunction[]): Tallies {
  const sights = createSightTally();
  const lookTimes = createLookTimes();
  return {
    sights,
    lookTimes,
    calls: createCallTally(functions),
    refusals: createRefusalCounts(),
    endings: createEndingCounts(),
    addSnapshot: (snapshot, owners) => {
      sights.add(snapshot, owners);
      lookTimes.add(snapshot);
    },
  };
}
