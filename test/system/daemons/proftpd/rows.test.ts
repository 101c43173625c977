import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { everybody, ofUids } from '../../../../src/sessions/scope.ts';
import type { FtpSession } from '../../../../src/sessions/session.ts';
import { connectFtp, type FtpClient } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { childrenOf, processStat, titleOf, uidOf } from '../../../support/processes.ts';
import { becomesIdle, type Proftpd, startProftpd } from '../../../support/proftpd.ts';
import { until } from '../../../support/until.ts';
import { users } from '../../../support/users.ts';
import { describeThroughAll } from './sources.ts';

const { alice, bob, carol } = users;

describeThroughAll('the sessions of a ProFTPD', (collector, release) => {
  const dev = { name: 'dev@bob.example', password: `dev-${bob.password}`, owner: bob };
  let ftpd: Proftpd;
  const clients: FtpClient[] = [];

  before(async () => {
    await makeHome(alice, [
      ['big.bin', 2_000_000],
      ['small.bin', 1_000],
    ]);
    ftpd = await startProftpd({ release, throttle: 50, tls: true, virtualUsers: [dev] });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await until(() => childrenOf(ftpd.pid).length === 0, { what: 'the sessions are gone' });
  });
  after(() => ftpd?.stop());

  async function connect(options: { tls?: boolean } = {}): Promise<FtpClient> {
    const client = await connectFtp({ ...ftpd, ...options });
    clients.push(client);
    return client;
  }

  async function sessions(owner: number | null = null): Promise<readonly FtpSession[]> {
    const snapshot = await collector.snapshot(owner === null ? everybody : ofUids([owner]));
    assert.deepEqual(snapshot.gaps, []);
    assert.deepEqual(snapshot.daemons, [{ name: 'proftpd', pid: ftpd.pid, ports: [ftpd.port] }]);
    return snapshot.sessions;
  }

  /** What is true of every session, taken from the client and the process table. */
  async function truth(client: FtpClient) {
    const pid = await client.sessionPid();
    return {
      host: 'localhost',
      pid,
      startTime: processStat(pid)?.startTime,
      daemon: 'proftpd',
      title: titleOf(pid),
      ownerUid: uidOf(pid),
      remoteAddress: '127.0.0.1',
      remotePort: client.localPort,
      localPort: ftpd.port,
      isUserProven: true,
      protocol: 'ftp',
      command: null,
    };
  }

  test('are none, without a gap, when nobody is connected', async () => {
    assert.deepEqual(await sessions(), []);
  });

  test('are right in every field: a download, a virtual user’s upload, one that waits', async () => {
    // The daemon's clock may be some milliseconds behind (time(2) tells the kernel's coarse one).
    const from = Math.floor((Date.now() - 20) / 1_000);
    const [one, two, three] = [await connect(), await connect(), await connect()];
    await one.login(alice.name, alice.password);
    await two.login(dev.name, dev.password);
    await three.login(alice.name, alice.password);
    await becomesIdle(three);
    const download = await one.startDownload('big.bin', { offset: 500_000 });
    const upload = await two.startUpload('up.bin', { bytes: 30_000 });
    const found = await until(
      async () => {
        const rows = await sessions();
        return rows.some(({ bytesMoved }) => bytesMoved === 30_000) && rows;
      },
      { what: 'the upload has arrived' },
    );
    const to = Math.ceil(Date.now() / 1_000);
    const rows = [await truth(one), await truth(two), await truth(three)];
    const byPid = new Map(found.map((row) => [row.pid, row]));
    assert.deepEqual(
      rows.map(({ pid }) => {
        const row = byPid.get(pid);
        assert.ok(row);
        const { connectedAt, transferStartedAt, lastTransferStartedAt, idleSince, ...rest } = row;
        const { bytesMoved, ...others } = rest;
        return others;
      }),
      [
        {
          ...rows[0],
          title: 'proftpd: alice - 127.0.0.1: RETR big.bin',
          command: 'RETR big.bin',
          ownerUid: alice.uid,
          user: 'alice',
          state: 'download',
          file: 'big.bin',
          path: `${alice.home}/big.bin`,
          bytesSkipped: 500_000,
          bytesTotal: 2_000_000,
        },
        {
          ...rows[1],
          title: 'proftpd: dev@bob.example - 127.0.0.1: STOR up.bin',
          command: 'STOR up.bin',
          ownerUid: bob.uid,
          user: 'dev@bob.example',
          state: 'upload',
          file: 'up.bin',
          path: `${bob.home}/up.bin`,
          bytesSkipped: null,
          bytesTotal: null,
        },
        {
          ...rows[2],
          title: 'proftpd: alice - 127.0.0.1: IDLE',
          ownerUid: alice.uid,
          user: 'alice',
          state: 'idle',
          file: '',
          path: '',
          bytesSkipped: null,
          bytesTotal: null,
        },
      ],
    );
    for (const { connectedAt, state, transferStartedAt, idleSince } of found) {
      assert.ok(connectedAt !== null && connectedAt >= from && connectedAt <= to);
      const since = state === 'idle' ? idleSince : transferStartedAt;
      assert.ok(since !== null && since >= connectedAt && since <= to, `${state} since ${since}`);
      assert.equal(state === 'idle' ? transferStartedAt : idleSince, null);
    }
    // What was skipped counts as moved.
    const moved = byPid.get(rows[0]?.pid ?? 0)?.bytesMoved ?? 0;
    assert.ok(moved > 500_000 && moved <= 500_000 + download.bytes + 1_000_000, String(moved));
    assert.deepEqual([byPid.get(rows[1]?.pid ?? 0)?.bytesMoved], [30_000]);

    const owned = async (uid: number) => (await sessions(uid)).map(({ pid }) => pid).sort();
    assert.deepEqual(await owned(alice.uid), [rows[0]?.pid, rows[2]?.pid].sort());
    assert.deepEqual(await owned(bob.uid), [rows[1]?.pid]);
    assert.deepEqual(await owned(carol.uid), []);
    assert.deepEqual(await owned(0), []);

    await upload.finish();
    await download.abort();
    await until(async () => (await sessions()).every(({ state }) => state === 'idle'), {
      what: 'the transfers have ended',
    });
    for (const row of await sessions()) {
      const { state, file, path, transferStartedAt, bytesMoved, bytesSkipped, bytesTotal } = row;
      assert.deepEqual(
        [state, file, path, transferStartedAt, bytesMoved, bytesSkipped, bytesTotal],
        ['idle', '', '', null, null, null, null],
      );
    }
    await one.quit();
    await until(async () => (await sessions()).length === 2, { what: 'a session has ended' });
  });

  test('are those that have logged in: not one that connected, or named itself, or failed', async () => {
    const [silent, named, failed] = [await connect(), await connect(), await connect()];
    await named.command(`USER ${alice.name}`);
    await failed.command(`USER ${alice.name}`);
    await failed.command('PASS wrong');
    await until(() => childrenOf(ftpd.pid).length === 3, { what: 'three processes serve' });
    const pid = await silent.sessionPid();
    assert.match(titleOf(pid) ?? '', /^proftpd: connected: 127\.0\.0\.1 \(/);
    for (let i = 0; i < 10; i++) assert.deepEqual(await sessions(), []);
    await named.command(`PASS ${alice.password}`);
    const [row, ...others] = await until(
      async () => {
        const rows = await sessions();
        return rows.length > 0 && rows;
      },
      { what: 'the login shows' },
    );
    assert.deepEqual(others, []);
    assert.deepEqual([row?.pid, row?.user], [await named.sessionPid(), 'alice']);
  });

  test('say that the control connection is encrypted', async () => {
    const client = await connect({ tls: true });
    await client.login(dev.name, dev.password);
    const upload = await client.startUpload('secret.bin', { bytes: 20_000 });
    const row = await until(
      async () => (await sessions()).find(({ bytesMoved }) => bytesMoved === 20_000),
      { what: 'the upload has arrived' },
    );
    const { protocol, state, file, ownerUid } = row;
    assert.deepEqual([protocol, state, file, ownerUid], ['ftps', 'upload', 'secret.bin', bob.uid]);
    await upload.finish();
  });

  test('begin an upload that is appended or resumed at what was there', async () => {
    await makeHome(bob, [
      ['longer.txt', 'x'.repeat(1_000)],
      ['resumed.txt', 'x'.repeat(5_000)],
    ]);
    const [appending, resuming] = [await connect(), await connect()];
    for (const client of [appending, resuming]) await client.login(dev.name, dev.password);
    await resuming.command('REST 4000');
    const transfers = [
      await appending.startUpload('longer.txt', { bytes: 500, command: 'APPE' }),
      await resuming.startUpload('resumed.txt', { bytes: 700 }),
    ];
    const rows = await until(
      async () => {
        const found = await sessions();
        return found.every(({ bytesMoved }) => bytesMoved !== null && bytesMoved > 1_000) && found;
      },
      { what: 'the uploads have arrived' },
    );
    const told = rows.map(({ file, state, bytesMoved }) => [file, state, bytesMoved]).sort();
    assert.deepEqual(told, [
      ['longer.txt', 'upload', 1_500],
      ['resumed.txt', 'upload', 4_700],
    ]);
    for (const transfer of transfers) await transfer.finish();
  });

  test('are idle in a listing', async () => {
    const client = await connect();
    await client.login(alice.name, alice.password);
    assert.deepEqual((await client.list()).sort(), ['big.bin', 'small.bin']);
    const [row] = await sessions();
    assert.deepEqual([row?.state, row?.file, row?.bytesTotal], ['idle', '', null]);
  });
});
