import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngine } from '../../../src/collector/engine.ts';
import { daemonDrivers } from '../../../src/daemons/index.ts';
import { createProcfsTable } from '../../../src/os/processes/procfs.ts';
import { localHost } from '../../../src/sessions/identity.ts';

const linux = process.platform !== 'linux' && 'needs /proc';

test('re-verification reads each process above those asked for once, up to the first, and no pid that is none', {
  skip: linux,
}, async () => {
  const table = createProcfsTable();
  const { kept } = table;
  assert.ok(kept);
  const read: number[] = [];
  const counting = {
    ...kept,
    facts: (pid: number) => {
      read.push(pid);
      return kept.facts(pid);
    },
  };
  const engine = createEngine({
    drivers: daemonDrivers,
    settings: {},
    table: { ...table, kept: counting },
    onFailure: (_, error) => assert.fail(String(error)),
  });
  const identities = [process.pid, process.ppid, 0, -1].map((pid) => ({
    host: localHost,
    pid,
    startTime: '1',
  }));
  assert.deepEqual(await engine.reverify(identities, null), []);
  const above: number[] = [];
  for (let pid = process.pid; pid > 0; pid = kept.facts(pid)?.parentPid ?? 0) above.push(pid);
  assert.deepEqual(read, above);
});
