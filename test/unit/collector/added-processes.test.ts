import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAddedProcesses } from '../../../src/collector/added-processes.ts';
import type { ProcessFacts } from '../../../src/os/processes/process-table.ts';

const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

function process(pid: number, startedAtMs = 0): ProcessFacts {
  const path = { name: 'sleep', executablePath: '/bin/sleep' };
  const root = { uid: 0, realUid: 0, isWhollyRoot: true };
  return { pid, parentPid: 1, startTime: '1', startedAtMs, ...path, ...root };
}

/** A FAKE process table and clock: when a process comes and goes is the test's choice. */
function createHost(pids: readonly number[]) {
  const host = { pids, at: 0, lists: 0, lastPid: 2000 as number | null };
  let glances: number[] = [];
  const inspected: number[] = [];
  const kept = {
    pids: () => {
      host.lists += 1;
      return host.pids;
    },
    lastPid: () => host.lastPid,
    glance: (pid: number) => {
      glances.push(pid);
      return { executablePath: '/bin/sleep', mayBeRoots: true };
    },
    facts: (pid: number) => process(pid),
  };
  const added = createAddedProcesses(kept, () => host.at);
  const tracker = {
    knows: (pid: number) => pid === 7,
    inspect: ({ pid }: ProcessFacts) => {
      inspected.push(pid);
    },
    uncounted: { add: () => {}, delete: () => {}, retain: () => {}, gaps: async () => [] },
  };
  return {
    host,
    begin: (processes: readonly ProcessFacts[]) =>
      added.begin({ processes, othersAreHidden: false }, host.lastPid),
    follow: () => {
      glances = [];
      const isEnough = added.follow([{ driver: { looksLike: () => false }, tracker }]);
      return { isEnough, glances };
    },
    inspected,
  };
}

test('nothing is read of processes that stay, and what was added is looked into at the next scan', () => {
  const { host, begin, follow, inspected } = createHost(from(1, 1000));
  begin(from(1, 1000).map((pid) => process(pid)));
  for (let scan = 0; scan < 3; scan += 1) {
    assert.deepEqual(follow(), { isEnough: true, glances: [] });
  }
  host.pids = [...from(1, 1000), 5000];
  assert.deepEqual(follow(), { isEnough: true, glances: [5000] });
  assert.deepEqual(inspected, [5000]);
  assert.equal(host.lists, 4);
});

test('what was added is looked into as long as it may execute its program still, and no longer', () => {
  const { host, begin, follow } = createHost(from(1, 100));
  begin(from(1, 100).map((pid) => process(pid, pid === 50 ? Date.now() : 0)));
  host.pids = [...from(1, 100), 5000];
  assert.deepEqual(follow().glances, [50, 5000]);
  host.at = 2_900;
  assert.deepEqual(follow().glances, [50, 5000]);
  host.at = 3_100;
  assert.deepEqual(follow().glances, [50, 5000]);
  assert.deepEqual(follow().glances, []);
});

test('one that has gone is forgotten, and its pid counts as added when it is there again', () => {
  const { host, begin, follow } = createHost(from(1, 100));
  begin(from(1, 100).map((pid) => process(pid)));
  host.pids = from(1, 99);
  assert.deepEqual(follow().glances, []);
  host.pids = from(1, 100);
  assert.deepEqual(follow().glances, [100]);
});

test('what is tracked is not looked into', () => {
  const { host, begin, follow } = createHost([1, 2, 3, 4, 5]);
  begin([1, 2, 3, 4, 5].map((pid) => process(pid)));
  host.pids = [1, 2, 3, 4, 5, 7];
  assert.deepEqual(follow(), { isEnough: true, glances: [] });
});

test('all are listed at first, after a long pause, and when many were added', () => {
  const { host, begin, follow } = createHost(from(1, 100));
  assert.equal(follow().isEnough, false);
  begin(from(1, 100).map((pid) => process(pid)));
  host.at = 10_000;
  assert.equal(follow().isEnough, true);
  host.at = 20_001;
  assert.equal(follow().isEnough, false);
  begin(from(1, 100).map((pid) => process(pid)));
  host.pids = from(1, 140);
  assert.equal(follow().isEnough, false);
});

test('a pid that was given once more is looked into, also where it was another process’ before', () => {
  const { host, begin, follow } = createHost([...from(1, 100), 2500]);
  begin(host.pids.map((pid) => process(pid)));
  host.lastPid = 2400;
  assert.deepEqual(follow().glances, []);
  host.lastPid = 2501;
  assert.deepEqual(follow(), { isEnough: true, glances: [2500] });
});

test('all are listed when pids have begun anew, and where the last one cannot be told', () => {
  const { host, begin, follow } = createHost(from(1, 100));
  const start = () => begin(from(1, 100).map((pid) => process(pid)));
  start();
  host.lastPid = 400;
  assert.equal(follow().isEnough, false);
  start();
  assert.equal(follow().isEnough, true);
  host.lastPid = null;
  assert.equal(follow().isEnough, false);
  start();
  assert.equal(follow().isEnough, false);
});
