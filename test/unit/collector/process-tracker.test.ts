import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRelisting } from '../../../src/collector/process-tracker.ts';
import { noRecords } from '../../../src/daemons/no-records.ts';
import type { ProcessFacts, ProcessTable } from '../../../src/os/processes/process-table.ts';
import { exampledDriver } from '../../support/exampled/driver.ts';

const facts: ProcessFacts = {
  pid: 7,
  parentPid: 1,
  startTime: '1',
  startedAtMs: null,
  name: 'exampled',
  uid: 1_000,
  realUid: 1_000,
  isWhollyRoot: false,
  executablePath: '/usr/sbin/exampled',
};

/** The gaps by a FAKE of the process table, as an end between two readings has to be forced. */
async function gapsWith(living: readonly number[]) {
  const table = {
    residenceOf: () => 'here',
    living: async () => new Set(living),
    files: null,
  } as Partial<ProcessTable> as ProcessTable;
  const relisting = createRelisting({ driver: exampledDriver, records: noRecords, table });
  const { gaps } = await relisting.update({ processes: [facts], othersAreHidden: false }, null);
  return gaps.map(({ cause }) => cause);
}

test('what looks like a session and has ended since it was listed is not told of', async () => {
  assert.deepEqual(await gapsWith([7]), ['session-unproven']);
  assert.deepEqual(await gapsWith([]), []);
});
