import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createEngine, type EngineOptions } from '../../../src/collector/engine.ts';
import type { DaemonDriver, DaemonRecords } from '../../../src/daemons/driver.ts';
import { noRecords } from '../../../src/daemons/no-records.ts';
import type { ProcessTable } from '../../../src/os/processes/process-table.ts';
import { createProcfsTable } from '../../../src/os/processes/procfs.ts';
import { exampledDriver } from '../../support/exampled/driver.ts';
import { type Exampled, startExampled } from '../../support/exampled/start.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';

const { alice, bob } = users;

/** The LABELLED driver under another name, so that it finds the same processes, and failing. */
function failing(failure: Partial<DaemonDriver<null>>): DaemonDriver<null> {
  const { description } = exampledDriver;
  return { ...exampledDriver, ...failure, description: { ...description, name: 'failing' } };
}

const fail = (): never => {
  throw new Error('forced');
};

const failures: readonly [what: string, failure: Partial<DaemonDriver<null>>][] = [
  ['records cannot be opened', { openRecords: fail }],
  ['titles cannot be told', { roleOf: fail }],
  ['looks cannot be told', { looksLike: fail }],
  ['sessions cannot be observed', { observe: fail }],
  ['sessions cannot be followed', { follow: fail }],
  [
    'pids of records cannot be read',
    { openRecords: (): DaemonRecords<null> => ({ ...noRecords, pids: fail }) },
  ],
];

const tables: readonly [name: string, open: () => ProcessTable][] = [
  ['whose files are kept open', createProcfsTable],
  ['that is read again', () => ({ ...createProcfsTable(), kept: null })],
];

for (const [table, openTable] of tables) {
  describe(`over a process table ${table}`, { skip: needsSandbox() }, () => {
    let daemon: Exampled;
    before(async () => {
      daemon = await startExampled(alice);
    });
    after(() => daemon?.stop());

    function engineWith(drivers: readonly DaemonDriver[], more: Partial<EngineOptions> = {}) {
      const failed: string[] = [];
      const onFailure = (name: string) => failed.push(name);
      const over = { drivers, settings: {}, table: openTable(), onFailure, ...more };
      return { engine: createEngine(over), failed };
    }

    test('a session of any driver’s daemon is found scan after scan, with its gaps and its master', async () => {
      const { engine, failed } = engineWith([exampledDriver]);
      for (let scan = 0; scan < 3; scan += 1) {
        const { sessions, gaps, daemons } = await engine.scan(null);
        assert.deepEqual(
          sessions.map(({ pid, ownerUid }) => [pid, ownerUid]),
          [[daemon.sessionPid, alice.uid]],
        );
        assert.deepEqual(gaps, [{ cause: 'exampled-user-unknown', ownerUid: alice.uid }]);
        assert.deepEqual(daemons, [{ name: 'exampled', pid: daemon.pid, ports: [] }]);
      }
      assert.deepEqual((await engine.scan(new Set([bob.uid]))).sessions, []);
      assert.deepEqual(failed, []);
    });

    // Nothing is followed over a table that is read again.
    const possible = failures.filter(([, { follow }]) => !follow || openTable().kept !== null);
    for (const [what, failure] of possible) {
      test(`a driver that throws is a gap that names its daemon, and the others’ sessions go out: ${what}`, async () => {
        const { engine, failed } = engineWith([failing(failure), exampledDriver]);
        for (let scan = 0; scan < 3; scan += 1) {
          const { sessions, gaps } = await engine.scan(null);
          const pids = sessions.map(({ pid, daemon: name }) => [pid, name]);
          assert.deepEqual(pids, [[daemon.sessionPid, 'exampled']]);
          assert.deepEqual(
            gaps.filter(({ cause }) => cause === 'daemon-failed'),
            [{ cause: 'daemon-failed', ownerUid: null, daemon: 'failing' }],
          );
        }
        assert.deepEqual(failed, ['failing'], 'told once');
      });
    }

    test('a driver that has failed is heard again as soon as it works', async () => {
      let isBroken = true;
      const { observe } = exampledDriver;
      const mending = failing({
        observe: (...args) => (isBroken ? fail() : observe(...args)),
      });
      const { engine } = engineWith([mending]);
      assert.deepEqual((await engine.scan(null)).sessions, []);
      isBroken = false;
      const { sessions, gaps } = await engine.scan(null);
      assert.equal(sessions[0]?.pid, daemon.sessionPid);
      assert.ok(gaps.every(({ cause }) => cause !== 'daemon-failed'));
    });

    test('verification before a signal goes on with the other drivers, and names the driver’s signal', async () => {
      const { engine } = engineWith([failing({ roleOf: fail }), exampledDriver]);
      const { sessions } = await engine.scan(null);
      const targets = await engine.reverify(sessions, null);
      assert.deepEqual(
        targets.map(({ process: { pid }, signal }) => [pid, signal]),
        [[daemon.sessionPid, 'SIGINT']],
      );
      assert.deepEqual(await engine.reverify(sessions, new Set([bob.uid])), []);
    });

    // A FAKE of a table whose titles come late: a real one cannot be made to hang for one daemon alone.
    test('a scan that is late is a gap that names its daemon, and no other is begun meanwhile', async () => {
      let release: (() => void) | null = null;
      let asked = 0;
      const real = openTable();
      const late: ProcessTable = {
        ...real,
        titles: async (processes) => {
          asked += 1;
          await new Promise<void>((resolve) => {
            release = resolve;
          });
          return real.titles(processes);
        },
      };
      const { engine } = engineWith([exampledDriver], { table: late, maxScanMs: 50 });
      const gap = { cause: 'daemon-failed', ownerUid: null, daemon: 'exampled' };
      assert.deepEqual(await engine.scan(null), { sessions: [], gaps: [gap], daemons: [] });
      assert.deepEqual((await engine.scan(null)).gaps, [gap]);
      assert.equal(asked, 1);
      const free = async () => {
        release?.();
        const { sessions } = await engine.scan(null);
        return sessions.length === 0 && asked < 2 ? undefined : true;
      };
      await until(free, { what: 'the next scan begins' });
    });
  });
}

test('a known session that idles costs a scan one read, and its master another', {
  skip: needsSandbox(),
}, async (t) => {
  const daemon = await startExampled(alice);
  t.after(() => daemon.stop());
  const calls: string[] = [];
  const counted = <T extends object>(what: T, name: string): T =>
    new Proxy(what, {
      get: (target, key) => {
        const value = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          calls.push(`${name}.${String(key)}`);
          const result = Reflect.apply(value, target, args);
          const isHeld = ['keep', 'keepChildren'].includes(String(key)) && result !== null;
          return isHeld ? counted(result, String(key)) : result;
        };
      },
    });
  const real = createProcfsTable();
  const { kept, files } = real;
  assert.ok(kept && files);
  const table: ProcessTable = {
    ...counted({ ...real, kept: null, files: null }, 'table'),
    kept: counted(kept, 'kept'),
    files: counted(files, 'files'),
  };
  const driver: DaemonDriver<null> = {
    ...exampledDriver,
    follow: () => ({ remember: () => true, read: (session) => session, close: () => {} }),
  };
  const { scan } = createEngine({ drivers: [driver], settings: {}, table });
  const callsOfScan = async () => {
    calls.length = 0;
    const { sessions } = await scan(null);
    assert.equal(sessions[0]?.pid, daemon.sessionPid);
    // The search runs beside the scans, and begins after one.
    return [...calls];
  };
  const idle = ['keep.idleness', 'keep.idleness', 'files.beginScan'];
  const isAtRest = async () => `${await callsOfScan()}` === `${idle}`;
  // The search falls into a scan where that takes long.
  await until(async () => (await isAtRest()) && (await isAtRest()), {
    what: 'two scans on end cost no more',
  });
});
