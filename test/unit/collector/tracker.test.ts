import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTracker } from '../../../src/collector/tracker.ts';
import { pureFtpdDriver } from '../../../src/daemons/pure-ftpd/driver.ts';
import type {
  KeptTable,
  Process,
  ProcessFiles,
  ProcessTable,
} from '../../../src/os/processes/process-table.ts';

const executable = { path: '/usr/sbin/pure-ftpd', identity: '1:1', writableByRootOnly: true };

function rootProcess(pid: number, parentPid: number, facts: Partial<Process> = {}): Process {
  return {
    pid,
    parentPid,
    startTime: String(pid),
    startedAtMs: null,
    title: 'pure-ftpd (SERVER)',
    uid: 0,
    realUid: 0,
    isWhollyRoot: true,
    name: 'pure-ftpd',
    executablePath: '/usr/sbin/pure-ftpd',
    executable,
    ...facts,
  };
}

/** A fake process table: the moment between fork(2) and a new title cannot be had otherwise. */
function fakeTable(processes: readonly Process[]): ProcessTable & { readonly kept: KeptTable } {
  const read = (pid: number) => processes.find((process) => process.pid === pid) ?? null;
  const kept: KeptTable = {
    facts: read,
    glance: () => null,
    pids: () => processes.map(({ pid }) => pid),
    lastPid: () => null,
    pidsBeside: async () => processes.map(({ pid }) => pid),
    keep: (pid) => {
      const kept = read(pid)?.startTime;
      return {
        idleness: () => 'may-have-run',
        // Of the process that was kept, also where its pid is another's by now.
        title: () => {
          const now = read(pid);
          return now?.startTime === kept ? (now?.title ?? null) : null;
        },
        close: () => {},
      };
    },
    keepChildren: (parent) => ({
      pids: () => processes.flatMap(({ pid, parentPid }) => (parentPid === parent ? pid : [])),
      close: () => {},
    }),
    keepOpenFile: () => null,
  };
  const table: Pick<ProcessTable, 'read' | 'residenceOf' | 'uidOf'> = {
    read: ({ pid }) => read(pid),
    residenceOf: () => 'here',
    uidOf: () => 0,
  };
  return { ...table, kept } as ProcessTable & { readonly kept: KeptTable };
}

const noFiles = { list: () => null } as unknown as ProcessFiles;
const init = rootProcess(1, 0, {
  title: '/sbin/init',
  executable: { ...executable, path: '/sbin/init' },
  executablePath: '/sbin/init',
});

function mastersAfterTracking(...pids: number[]): number[] {
  const master = rootProcess(10, 1);
  const session = rootProcess(11, 10);
  const helper = rootProcess(12, 11);
  const table = fakeTable([init, master, session, helper]);
  const driver = pureFtpdDriver;
  const records = driver.openRecords({}, table);
  const tracker = createTracker({ driver, records, table }, table.kept, noFiles);
  for (const pid of pids) tracker.track(pid);
  return tracker.masters.map(({ pid }) => pid);
}

test('a helper that still has its master’s title is no master, also of a session that is not known', () => {
  assert.deepEqual(mastersAfterTracking(10, 12, 11), [10]);
  assert.deepEqual(mastersAfterTracking(12, 11), []);
  assert.deepEqual(mastersAfterTracking(11, 10, 12), [10]);
});

test('a master that was seen before it had set its title is one that sets titles, and so are its sessions', async () => {
  for (const isSessionSeen of [false, true]) {
    const untitled = rootProcess(10, 1, { title: '/usr/sbin/pure-ftpd -S 127.0.0.1,2121' });
    const user = { uid: 62_001, realUid: 62_001, isWhollyRoot: false };
    const session = rootProcess(11, 10, { ...user, title: 'pure-ftpd (IDLE)' });
    const processes = [init, untitled];
    const table = fakeTable(processes);
    const driver = pureFtpdDriver;
    const records = driver.openRecords({}, table);
    const tracker = createTracker({ driver, records, table }, table.kept, noFiles);
    const update = async () => {
      const { masters, candidates } = await tracker.update(null, null);
      return [
        masters.map(({ pid }) => pid),
        candidates.map(({ process: { pid }, setsTitles }) => [pid, setsTitles]),
      ];
    };
    tracker.track(10);
    if (isSessionSeen) {
      processes.push(session);
      assert.deepEqual(await update(), [[10], [[11, false]]]);
    }
    processes[1] = rootProcess(10, 1);
    if (!isSessionSeen) processes.push(session);
    assert.deepEqual(await update(), [[10], [[11, true]]]);
  }
});

test('a session is the child of the process that has its parent’s pid now, not of the one that had it', async () => {
  const processes = [init, rootProcess(10, 1, { startTime: 'first' })];
  const table = fakeTable(processes);
  const driver = pureFtpdDriver;
  const records = driver.openRecords({}, table);
  const tracker = createTracker({ driver, records, table }, table.kept, noFiles);
  tracker.track(10);
  // Both come at once, when it has not been noticed yet that the first has ended.
  processes[1] = rootProcess(10, 1, { startTime: 'second' });
  const user = { uid: 62_001, realUid: 62_001, isWhollyRoot: false };
  processes.push(rootProcess(11, 10, { ...user, title: 'pure-ftpd (IDLE)' }));
  tracker.track(11);
  const { candidates } = await tracker.update(null, null);
  assert.deepEqual(
    candidates.map(({ process: { pid }, master }) => [pid, master?.startTime]),
    [[11, 'second']],
  );
});
