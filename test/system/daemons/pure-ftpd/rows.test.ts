import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { parseActivity } from '../../../../src/scanner/sleep.ts';
import { everybody, ofUids } from '../../../../src/sessions/scope.ts';
import type { FtpSession } from '../../../../src/sessions/session.ts';
import { connectFtp, type FtpClient } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { childrenOf, processStat, titleOf, uidOf } from '../../../support/processes.ts';
import { type PureFtpd, startPureFtpd } from '../../../support/pure-ftpd.ts';
import { until } from '../../../support/until.ts';
import { users } from '../../../support/users.ts';
import { describeThroughAll } from './sources.ts';

const { alice, bob, carol } = users;

describeThroughAll('the sessions of a pure-ftpd', (collector) => {
  const dev = { name: 'dev@bob.example', password: `dev-${bob.password}`, owner: bob };
  const slow = {
    name: 'slow@carol.example',
    password: 'slow-login',
    owner: carol,
    // Of so many rounds that to check the password takes a second of processor time.
    hash: '$6$rounds=2000000$uapidtests$gn4ngN/OSOvoHYSaaizZJmY1R22SafW9ksNavpU2ymxK2U1rpPIwS2IU3GhO388CqXIzbIK9u74kPISIiOZNk1',
  };
  let ftpd: PureFtpd;
  const clients: FtpClient[] = [];

  before(async () => {
    await makeHome(alice, [
      ['big.bin', 2_000_000],
      ['small.bin', 1_000],
    ]);
    ftpd = await startPureFtpd({
      host: 'localhost',
      throttle: 50,
      tls: true,
      virtualUsers: [dev, slow],
    });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await until(() => childrenOf(ftpd.pid).length === 0, { what: 'the sessions are gone' });
  });
  after(() => ftpd.stop());

  async function connect(options: { host?: string; tls?: boolean } = {}): Promise<FtpClient> {
    const client = await connectFtp({ ...ftpd, host: '127.0.0.1', ...options });
    clients.push(client);
    return client;
  }

  async function sessions(owner: number | null = null): Promise<readonly FtpSession[]> {
    const snapshot = await collector.snapshot(owner === null ? everybody : ofUids([owner]));
    assert.deepEqual(snapshot.gaps, []);
    assert.deepEqual(snapshot.daemons, [{ name: 'pure-ftpd', pid: ftpd.pid, ports: [ftpd.port] }]);
    return snapshot.sessions;
  }

  /** What is true of every session, taken from the client and the process table. */
  async function truth(client: FtpClient) {
    const pid = await client.sessionPid();
    return {
      host: 'localhost',
      pid,
      startTime: processStat(pid)?.startTime,
      daemon: 'pure-ftpd',
      title: titleOf(pid),
      ownerUid: uidOf(pid),
      remotePort: client.localPort,
      localPort: ftpd.port,
      isUserProven: true,
      protocol: null,
      command: null,
    };
  }

  const idle = {
    title: 'pure-ftpd (IDLE)',
    state: 'idle',
    file: '',
    path: '',
    bytesMoved: null,
    bytesSkipped: null,
    bytesTotal: null,
    transferStartedAt: null,
  };

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
    assert.deepEqual(
      found.map(
        ({
          connectedAt,
          transferStartedAt,
          lastTransferStartedAt,
          idleSince,
          bytesMoved,
          ...rest
        }) => rest,
      ),
      [
        {
          ...rows[0],
          title: 'pure-ftpd (DOWNLOAD)',
          ownerUid: alice.uid,
          user: 'alice',
          remoteAddress: '127.0.0.1',
          state: 'download',
          file: 'big.bin',
          path: `${alice.home}/big.bin`,
          bytesSkipped: 500_000,
          bytesTotal: 2_000_000,
        },
        {
          ...rows[1],
          title: 'pure-ftpd (UPLOAD)',
          ownerUid: bob.uid,
          user: 'dev@bob.example',
          remoteAddress: '127.0.0.1',
          state: 'upload',
          file: 'up.bin',
          path: `${bob.home}/up.bin`,
          bytesSkipped: 0,
          bytesTotal: null,
        },
        {
          ...rows[2],
          title: 'pure-ftpd (IDLE)',
          ownerUid: alice.uid,
          user: 'alice',
          remoteAddress: '127.0.0.1',
          state: 'idle',
          file: '',
          path: '',
          bytesSkipped: null,
          bytesTotal: null,
        },
      ],
    );
    for (const { connectedAt, state, ...times } of found) {
      assert.ok(connectedAt !== null && connectedAt >= from && connectedAt <= to);
      const { transferStartedAt, lastTransferStartedAt, idleSince } = times;
      if (state === 'idle') {
        assert.equal(transferStartedAt, null);
        assert.deepEqual([lastTransferStartedAt, idleSince], [connectedAt, connectedAt]);
      } else {
        assert.ok(transferStartedAt !== null && transferStartedAt >= connectedAt);
        assert.deepEqual([lastTransferStartedAt, idleSince], [transferStartedAt, null]);
      }
    }
    // What was skipped counts as moved.
    const moved = found[0]?.bytesMoved ?? 0;
    assert.ok(moved > 500_000 && moved <= 500_000 + download.bytes + 1_000_000, String(moved));
    assert.deepEqual([found[1]?.bytesMoved, found[2]?.bytesMoved], [30_000, null]);

    const owned = async (uid: number) => (await sessions(uid)).map(({ pid }) => pid);
    assert.deepEqual(await owned(alice.uid), [rows[0]?.pid, rows[2]?.pid]);
    assert.deepEqual(await owned(bob.uid), [rows[1]?.pid]);
    assert.deepEqual(await owned(carol.uid), []);
    assert.deepEqual(await owned(0), []);

    await upload.finish();
    await download.abort();
    await until(async () => (await sessions()).every(({ state }) => state === 'idle'), {
      what: 'the transfers have ended',
    });
    for (const row of await sessions()) {
      const { title, state, file, path, transferStartedAt } = row;
      const { bytesMoved, bytesSkipped, bytesTotal } = row;
      assert.deepEqual(
        { title, state, file, path, bytesMoved, bytesSkipped, bytesTotal, transferStartedAt },
        idle,
      );
    }
    // The record tells that there was a transfer, and not when it ended.
    const before = found.map(({ pid, lastTransferStartedAt }) => [pid, lastTransferStartedAt]);
    const afterwards = await sessions();
    assert.deepEqual(
      afterwards.map(({ pid, lastTransferStartedAt }) => [pid, lastTransferStartedAt]),
      before,
    );
    assert.deepEqual(
      afterwards.map(({ idleSince }) => idleSince),
      [null, null, found[2]?.connectedAt],
    );
    await one.quit();
    await until(async () => (await sessions()).length === 2, { what: 'a session has ended' });
  });

  test('are those that have logged in: not one that connected, or named itself, or failed', async () => {
    const [silent, named, failed] = [await connect(), await connect(), await connect()];
    await named.command(`USER ${alice.name}`);
    await failed.command(`USER ${alice.name}`);
    // pure-ftpd lets a wrong password wait for seconds, which may be over before the test is.
    const refused = failed.command('PASS wrong').catch(() => null);
    await until(() => childrenOf(ftpd.pid).length === 3, { what: 'three processes serve' });
    assert.ok(titleOf(await silent.sessionPid())?.startsWith('pure-ftpd ('));
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
    assert.equal(row?.pid, await named.sessionPid());
    process.kill(await failed.sessionPid(), 'SIGTERM');
    const reply = await refused;
    assert.ok(reply === null || reply.code === 530, reply?.text);
  });

  test('do not have one whose password is being checked', async () => {
    const client = await connect();
    await client.command(`USER ${slow.name}`);
    const pid = await client.sessionPid();
    const ticks = () => parseActivity(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.cpuTicks ?? 0;
    const before = ticks();
    let isIn = false;
    const login = client.command(`PASS ${slow.password}`).then(({ code }) => {
      assert.equal(code, 230);
      isIn = true;
    });
    // The check takes a second of processor time; so the test does not race with it.
    await until(() => ticks() - before > 5, { what: 'the password is being checked', everyMs: 1 });
    process.kill(pid, 'SIGSTOP');
    try {
      for (let time = 0; time < 3; time += 1) assert.deepEqual(await sessions(), []);
      assert.equal(isIn, false);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await login;
    const [row] = await sessions();
    assert.deepEqual([row?.user, row?.ownerUid], [slow.name, carol.uid]);
  });

  test('have the peer’s address over IPv6', async () => {
    const client = await connect({ host: '::1' });
    await client.login(alice.name, alice.password);
    const [row] = await sessions();
    assert.deepEqual(
      [row?.remoteAddress, row?.remotePort, row?.localPort],
      ['::1', client.localPort, ftpd.port],
    );
  });

  test('have the peer’s own address, whichever of the host’s it came from', async () => {
    const client = await connectFtp({ ...ftpd, host: '127.0.0.1', localAddress: '127.0.0.5' });
    clients.push(client);
    await client.login(alice.name, alice.password);
    assert.equal((await sessions())[0]?.remoteAddress, '127.0.0.5');
  });

  test('show over TLS as without', async () => {
    const client = await connect({ tls: true });
    assert.deepEqual(await sessions(), []);
    await client.login(dev.name, dev.password);
    const pid = await client.sessionPid();
    const waiting = (await sessions()).map((row) => [row.pid, row.user, row.state]);
    assert.deepEqual(waiting, [[pid, dev.name, 'idle']]);
    await client.startUpload('tls.bin', { bytes: 3_000 });
    const [row] = await sessions();
    assert.deepEqual([row?.pid, row?.state, row?.file], [pid, 'upload', 'tls.bin']);
  });

  test('are idle during and after a listing', async () => {
    const client = await connect();
    await client.login(alice.name, alice.password);
    await client.list();
    const [row] = await sessions();
    assert.deepEqual([row?.state, row?.file], ['idle', '']);
  });
});
