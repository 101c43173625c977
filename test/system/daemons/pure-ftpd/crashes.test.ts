import assert from 'node:assert/strict';
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { entryName } from '../../../../src/daemons/pure-ftpd/scoreboard.ts';
import { everybody } from '../../../../src/sessions/scope.ts';
import { connectFtp, type FtpClient } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { childrenOf, isAlive, processStat, titleOf, uidOf } from '../../../support/processes.ts';
import { type PureFtpd, startPureFtpd } from '../../../support/pure-ftpd.ts';
import { until } from '../../../support/until.ts';
import { users } from '../../../support/users.ts';
import { takePidNext } from '../../../unit/os/processes/started.ts';
import { startFtpdOfUser } from './ftpd-of-user.ts';
import { describeThroughAll, scoreboardDirs } from './sources.ts';

const { alice } = users;
const [scoreboard = ''] = scoreboardDirs;
const isGone = (pid: number) => !isAlive(pid);

describeThroughAll('after a crash', (collector) => {
  let ftpd: PureFtpd;
  let client: FtpClient;
  let pid: number;

  beforeEach(async () => {
    await makeHome(alice, [['big.bin', 50_000_000]]);
    ftpd = await startPureFtpd({ throttle: 50 });
    client = await connectFtp(ftpd);
    await client.login(alice.name, alice.password);
    pid = await client.sessionPid();
  });
  afterEach(async () => {
    client.destroy();
    await ftpd.stop();
  });

  /** The record that this session has kept, which stays after its end. */
  function leaveRecordBehind(): void {
    const path = join(scoreboard, entryName(pid));
    const copy = `${path}.copy`;
    copyFileSync(path, copy);
    process.once('exit', () => rmSync(copy, { force: true }));
  }

  async function kill(victim: number): Promise<void> {
    process.kill(victim, 'SIGKILL');
    await until(() => isGone(victim), { what: `${victim} is gone` });
  }

  /** `causes` are those of what is told beside. */
  async function pids(causes: readonly string[] = []): Promise<number[]> {
    const { sessions, gaps } = await collector.snapshot(everybody);
    assert.deepEqual(
      gaps.map(({ cause }) => cause),
      causes,
    );
    return sessions.map((session) => session.pid);
  }

  test('of a session there is no row of it', async () => {
    assert.deepEqual(await pids(), [pid]);
    leaveRecordBehind();
    await kill(pid);
    assert.deepEqual(await pids(), []);
    // Its master removes the record; put back, it is one that nobody removed.
    const path = join(scoreboard, entryName(pid));
    await until(() => !existsSync(path), { what: 'the master has removed the record' });
    copyFileSync(`${path}.copy`, path);
    rmSync(`${path}.copy`);
    assert.deepEqual(await pids(), []);
    rmSync(path);
  });

  test('of the master its sessions are listed on, by their records', async () => {
    await client.startDownload('big.bin');
    await kill(ftpd.pid);
    await until(() => processStat(pid)?.parent === 1, { what: 'the session is an orphan' });
    const { sessions, gaps, daemons } = await collector.snapshot(everybody);
    const rows = sessions.map((row) => [row.pid, row.user, row.state, row.file, row.remotePort]);
    assert.deepEqual(rows, [[pid, alice.name, 'download', 'big.bin', client.localPort]]);
    assert.deepEqual(gaps, []);
    assert.deepEqual(daemons, []);
  });

  test('of the master and then of a session its record that stays is no row', async () => {
    await kill(ftpd.pid);
    assert.deepEqual(await pids(), [pid]);
    await kill(pid);
    const path = join(scoreboard, entryName(pid));
    assert.ok(existsSync(path));
    assert.deepEqual(await pids(), []);
    rmSync(path);
  });

  // The program is trusted, the title fits and the record is root's: only whose it is does not fit.
  test('a record that stays is no proof for another process with its pid', async () => {
    await kill(ftpd.pid);
    await kill(pid);
    client.destroy();
    await until(() => processStat(pid) === undefined, { what: 'the pid is free' });
    const path = join(scoreboard, entryName(pid));
    assert.ok(existsSync(path));
    const impostor = await startFtpdOfUser(alice);
    const { port } = impostor;
    try {
      const guest = await until(
        async () => {
          takePidNext(pid);
          const socket = await connectFtp({ host: '127.0.0.1', port });
          if (processStat(pid)?.parent === impostor.pid) return socket;
          socket.destroy();
          return undefined;
        },
        { what: 'a session of the impostor has the pid' },
      );
      await guest.command('NOOP');
      assert.equal(titleOf(pid), 'pure-ftpd (IDLE)');
      assert.equal(uidOf(pid), alice.uid);
      assert.ok(existsSync(path));
      // The last pid that was given was set back, so what was given once more shows to the search alone.
      await until(
        async () => {
          const { sessions, gaps } = await collector.snapshot(everybody);
          assert.deepEqual(sessions, []);
          return gaps.length > 0;
        },
        { what: 'the impostor is told of', timeoutMs: 30_000, everyMs: 200 },
      );
      assert.deepEqual(await pids(['daemon-of-user']), []);
      assert.equal(processStat(pid)?.parent, impostor.pid);
      guest.destroy();
      await until(() => processStat(pid) === undefined, { what: 'the guest is gone' });
    } finally {
      await impostor.end();
      rmSync(path, { force: true });
    }
  });

  test('of a session another session is listed as before', async () => {
    const other = await connectFtp(ftpd);
    await other.login(alice.name, alice.password);
    const otherPid = await other.sessionPid();
    await kill(pid);
    assert.deepEqual(await pids(), [otherPid]);
    await until(() => childrenOf(ftpd.pid).length === 1, { what: 'one is left' });
    assert.deepEqual(await pids(), [otherPid]);
    other.destroy();
  });
});
