import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { entryName } from '../../../../src/daemons/pure-ftpd/scoreboard.ts';
import { everybody } from '../../../../src/sessions/scope.ts';
import type { GapCause } from '../../../../src/sessions/session.ts';
import { connectFtp, type FtpClient } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { titleOf } from '../../../support/processes.ts';
import { type PureFtpd, type PureFtpdOptions, startPureFtpd } from '../../../support/pure-ftpd.ts';
import { until } from '../../../support/until.ts';
import { users } from '../../../support/users.ts';
import { collectThrough, describeThroughAll, scoreboardDirs } from './sources.ts';

const { alice, bob } = users;
const [scoreboard = ''] = scoreboardDirs;

/** In place, since the session has the file mapped: an address of no family that there is. */
function spoilAddress(record: string): void {
  const fd = openSync(record, 'r+');
  writeSync(fd, Buffer.from([77, 77]), 0, 2, 0x08);
  closeSync(fd);
}

describeThroughAll('a session', (_, table) => {
  let ftpd: PureFtpd | undefined;
  let clients: FtpClient[] = [];

  beforeEach(async () => {
    mkdirSync(scoreboard, { recursive: true });
    await makeHome(alice, [['big.bin', 50_000_000]]);
    rmSync(join(bob.home, 'up.bin'), { force: true });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await ftpd?.stop();
    ftpd = undefined;
    rmSync(scoreboard, { recursive: true });
  });

  /** A title that was never set is the path that the daemon was started with. */
  function shownTitle(pid: number | undefined): string {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0] ?? '';
  }

  /** One that downloads, one that uploads and one that waits. */
  async function threeSessions(options: PureFtpdOptions = {}): Promise<number[]> {
    ftpd = await startPureFtpd({ host: 'localhost', throttle: 50, ...options });
    for (const [user, host] of [
      [alice, '127.0.0.1'],
      [bob, '::1'],
      [alice, '127.0.0.1'],
    ] as const) {
      const client = await connectFtp({ ...ftpd, host });
      clients = [...clients, client];
      await client.login(user.name, user.password);
    }
    await clients[0]?.startDownload('big.bin');
    await clients[1]?.startUpload('up.bin', { bytes: 3_000 });
    return await Promise.all(clients.map((client) => client.sessionPid()));
  }

  /** What takes a session's own record away: before the daemon starts, and of each session. */
  const faults: [cause: GapCause, before: () => void, spoil: (record: string) => void][] = [
    // pure-ftpd keeps no records in a directory that is not root's.
    ['record-missing', () => chownSync(scoreboard, alice.uid, alice.gid), () => undefined],
    ['record-unreadable', () => undefined, (record) => chmodSync(record, 0o622)],
    ['record-layout-unknown', () => undefined, spoilAddress],
  ];
  for (const [cause, before, spoil] of faults) {
    for (const titlesOff of [false, true]) {
      const titles = titlesOff ? ' and a daemon without titles' : '';
      test(`is known by its process alone with ${cause}${titles}`, async () => {
        before();
        const pids = await threeSessions({ titlesOff });
        for (const pid of pids) spoil(join(scoreboard, entryName(pid)));
        const collector = collectThrough(table);
        const { sessions, gaps } = await until(
          async () => {
            const snapshot = await collector.snapshot(everybody);
            return snapshot.sessions.some(({ bytesMoved }) => bytesMoved === 3_000) && snapshot;
          },
          { what: 'the upload has arrived' },
        );
        const rows = [...sessions].sort((a, b) => pids.indexOf(a.pid) - pids.indexOf(b.pid));
        const localPort = ftpd?.port;
        assert.deepEqual(
          rows.map((row) => [
            row.pid,
            row.title,
            row.ownerUid,
            row.user,
            row.remoteAddress,
            row.remotePort,
            row.localPort,
            row.state,
            row.file,
          ]),
          [
            ['127.0.0.1', alice, 'download', `${alice.home}/big.bin`] as const,
            ['::1', bob, 'upload', `${bob.home}/up.bin`] as const,
            ['127.0.0.1', alice, 'idle', ''] as const,
          ].map(([address, owner, state, file], i) => [
            pids[i],
            shownTitle(pids[i]),
            owner.uid,
            null,
            address,
            clients[i]?.localPort,
            localPort,
            state,
            file,
          ]),
        );
        const owners = [alice.uid, bob.uid, alice.uid];
        const causes: GapCause[] = titlesOff ? [cause, 'titles-off'] : [cause];
        const expected = causes.flatMap((one) => owners.map((uid) => `${one} ${uid}`));
        const told = gaps.map((gap) => `${gap.cause} ${gap.ownerUid}`);
        assert.deepEqual(told.sort(), expected.sort());
      });
    }
  }

  test('of a daemon that sets no titles is told by its record, and that is said', async () => {
    const pids = await threeSessions({ titlesOff: true });
    const { sessions, gaps, daemons } = await collectThrough(table).snapshot(everybody);
    const rows = pids.map((pid) => sessions.find((row) => row.pid === pid));
    assert.equal(sessions.length, 3);
    assert.deepEqual(
      rows.map((row) => [row?.title, row?.user, row?.state, row?.file]),
      [
        [shownTitle(pids[0]), 'alice', 'download', 'big.bin'],
        [shownTitle(pids[1]), 'bob', 'upload', 'up.bin'],
        [shownTitle(pids[2]), 'alice', 'idle', ''],
      ],
    );
    assert.ok(rows.every((row) => !row?.title.includes('(')));
    assert.deepEqual(
      gaps.map(({ cause }) => cause),
      ['titles-off', 'titles-off', 'titles-off'],
    );
    assert.deepEqual(
      daemons.map(({ pid }) => pid),
      [ftpd?.pid],
    );
  });

  // The daemon's log is open to be written from its beginning, as an upload's file is.
  test('that waits is in no transfer, whatever its daemon has open for itself', async () => {
    chownSync(scoreboard, alice.uid, alice.gid);
    const log = join(alice.home, 'transfers.log');
    for (const chroot of [true, false]) {
      ftpd = await startPureFtpd({ titlesOff: true, chroot, altLog: `w3c:${log}`, throttle: 50 });
      const client = await connectFtp(ftpd);
      clients.push(client);
      await client.login(alice.name, alice.password);
      const look = async () => {
        const { sessions } = await collectThrough(table).snapshot(everybody);
        return sessions.map(({ state, file }) => [state, file]);
      };
      assert.deepEqual(await look(), [['idle', '']]);
      await client.command('CWD /');
      const file = join(alice.home, 'big.bin');
      const transfer = await client.startDownload(chroot ? 'big.bin' : file);
      assert.deepEqual(await look(), [['download', file]]);
      await transfer.abort();
      client.destroy();
      await ftpd.stop();
      ftpd = undefined;
    }
  });

  test('before login is none, with titles or without', async () => {
    for (const titlesOff of [false, true]) {
      ftpd = await startPureFtpd({ titlesOff });
      const client = await connectFtp(ftpd);
      await client.command(`USER ${alice.name}`);
      const { sessions, gaps } = await collectThrough(table).snapshot(everybody);
      assert.deepEqual([sessions, gaps], [[], []]);
      client.destroy();
      await ftpd.stop();
      ftpd = undefined;
    }
  });

  test('outlives a master that set no titles, by its record', async () => {
    const pids = await threeSessions({ titlesOff: true });
    process.kill(ftpd?.pid ?? 0, 'SIGKILL');
    await until(() => titleOf(ftpd?.pid ?? 0) === '' || titleOf(ftpd?.pid ?? 0) === undefined, {
      what: 'the master is gone',
    });
    const { sessions } = await collectThrough(table).snapshot(everybody);
    assert.deepEqual(sessions.map(({ pid }) => pid).sort(), [...pids].sort());
    assert.equal(sessions.find(({ pid }) => pid === pids[0])?.state, 'download');
  });

  test('is no row, and nothing is missing, where no FTP daemon runs', async () => {
    const { sessions, gaps, daemons } = await collectThrough(table).snapshot(everybody);
    assert.deepEqual([sessions, gaps, daemons], [[], [], []]);
  });
});
