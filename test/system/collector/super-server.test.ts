import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { KeptTable, ProcessTable } from '../../../src/os/processes/process-table.ts';
import { createProcfsTable } from '../../../src/os/processes/procfs.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { processStat } from '../../support/processes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { startSuperServer } from '../../support/super-server.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { engineOver } from '../daemons/pure-ftpd/sources.ts';

const { alice } = users;
const skip = needsSandbox();

/** The process table of this host, which counts whole listings and the reads of single processes. */
function countingTable() {
  const counts = { listings: 0, processes: new Map<number, number>() };
  const plain = createProcfsTable();
  const ofOne =
    <T>(read: (pid: number) => T) =>
    (pid: number) => {
      counts.processes.set(pid, (counts.processes.get(pid) ?? 0) + 1);
      return read(pid);
    };
  const kept: KeptTable | null = plain.kept && {
    ...plain.kept,
    facts: ofOne(plain.kept.facts),
    glance: ofOne(plain.kept.glance),
    // The search beside the scans is not what is counted here.
    pidsBeside: async () => [],
  };
  const table: ProcessTable = {
    ...plain,
    kept,
    list: () => {
      counts.listings += 1;
      return plain.list();
    },
  };
  return { table, counts };
}

/** So many processes that have nothing to do with FTP; they end with the test. */
async function startOthers(t: TestContext, count: number): Promise<void> {
  const script = `for i in $(seq ${count}); do sleep 600 & done; echo ready; wait`;
  const shell = spawn('sh', ['-c', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  t.after(() => process.kill(-(shell.pid ?? 0), 'SIGKILL'));
  await once(shell.stdout, 'data');
}

test('behind a super-server a scan reads nothing of the processes that stay, and misses no session', {
  skip,
}, async (t) => {
  await makeHome(alice, []);
  const { host, port } = await startSuperServer(t);
  await startOthers(t, 300);
  const { table, counts } = countingTable();
  const engine = engineOver(table);
  const pids = async () => (await engine.scan(null)).sessions.map(({ pid }) => pid);
  assert.deepEqual(await pids(), []);
  // What had just been started has executed its program by then.
  await until(
    async () => {
      counts.processes.clear();
      const before = counts.listings;
      await pids();
      return counts.listings === before && counts.processes.size < 50;
    },
    { what: 'the processes are known' },
  );
  counts.listings = 0;
  for (let scan = 0; scan < 20; scan += 1) {
    const client = await connectFtp({ host, port });
    await client.login(alice.name, alice.password);
    const pid = await client.sessionPid();
    assert.deepEqual(await pids(), [pid], 'one that has logged in is in the very next scan');
    await client.quit();
    await until(() => processStat(pid) === undefined, { what: 'the session has ended' });
    assert.deepEqual(await pids(), [], 'one that has ended is not');
  }
  assert.ok(counts.listings <= 10, `${counts.listings} listings of all processes in 40 scans`);
});

test('a daemon that is started where none was is in the very next scan', { skip }, async (t) => {
  const { table, counts } = countingTable();
  const engine = engineOver(table);
  for (let scan = 0; scan < 3; scan += 1) assert.deepEqual((await engine.scan(null)).daemons, []);
  for (let start = 0; start < 3; start += 1) {
    const ftpd = await startPureFtpd();
    t.after(() => ftpd.stop());
    const { daemons } = await engine.scan(null);
    assert.deepEqual(
      daemons.map(({ pid, ports }) => [pid, ports]),
      [[ftpd.pid, [ftpd.port]]],
    );
    await ftpd.stop();
    await until(async () => (await engine.scan(null)).daemons.length === 0, {
      what: 'the daemon has ended',
    });
  }
  assert.ok(counts.listings < 10, `${counts.listings} listings`);
});
