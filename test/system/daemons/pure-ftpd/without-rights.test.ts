import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Gap } from '../../../../src/sessions/session.ts';
import { connectFtp, type FtpClient } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { processStat } from '../../../support/processes.ts';
import { type PureFtpd, type PureFtpdOptions, startPureFtpd } from '../../../support/pure-ftpd.ts';
import { until } from '../../../support/until.ts';
import { users } from '../../../support/users.ts';
import { type Started, startTitled } from '../../../unit/os/processes/started.ts';
import { scanAs } from './scan-as.ts';
import { startSetUidTree } from './set-uid-tree.ts';
import { describeThroughAll } from './sources.ts';

const { alice, bob, carol } = users;
const nobody = 65_534;
const blind: Gap = { cause: 'executables-unreadable', ownerUid: null };
const hidden: Gap = { cause: 'processes-hidden', ownerUid: null };

const sorted = (gaps: readonly Gap[]) => gaps.map((gap) => JSON.stringify(gap)).sort();

describeThroughAll('without the rights of root', (_, __, source) => {
  let ftpd: PureFtpd | undefined;
  const clients: FtpClient[] = [];
  const running: Started[] = [];

  beforeEach(() => makeHome(alice, [['big.bin', 50_000_000]]));
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    for (const started of running.splice(0)) await started.end();
    await ftpd?.stop();
    ftpd = undefined;
  });

  async function serve(options: PureFtpdOptions = {}): Promise<PureFtpd> {
    ftpd = await startPureFtpd({ throttle: 50, ...options });
    return ftpd;
  }

  async function login(user: typeof alice): Promise<FtpClient> {
    assert.ok(ftpd);
    const client = await connectFtp(ftpd);
    clients.push(client);
    await client.login(user.name, user.password);
    return client;
  }

  for (const [who, uid] of [
    ['a stranger', nobody],
    ['the owner', alice.uid],
  ] as const) {
    test(`${who} sees pid, title, owner and state of sessions, and is told of the rest`, async () => {
      const { pid: master } = await serve();
      const from = Date.now() / 1_000;
      const [one, two] = [await login(alice), await login(bob)];
      const early = await connectFtp(await Promise.resolve(ftpd as PureFtpd));
      clients.push(early);
      await one.startDownload('big.bin');
      const to = Date.now() / 1_000;
      const { sessions, gaps, daemons } = await scanAs({ uid, source });
      const pids = [await one.sessionPid(), await two.sessionPid()];
      const host = 'localhost';
      const unknown = {
        user: null,
        isUserProven: false,
        remoteAddress: null,
        remotePort: null,
        localPort: null,
      };
      const nothing = {
        protocol: null,
        command: null,
        bytesMoved: null,
        bytesSkipped: null,
        bytesTotal: null,
        transferStartedAt: null,
        lastTransferStartedAt: null,
        idleSince: null,
      };
      assert.deepEqual(
        sessions.map(({ connectedAt, ...rest }) => rest).sort((a, b) => a.ownerUid - b.ownerUid),
        [
          {
            host,
            pid: pids[0],
            startTime: processStat(pids[0] ?? 0)?.startTime,
            daemon: 'pure-ftpd',
            title: 'pure-ftpd (DOWNLOAD)',
            ownerUid: alice.uid,
            ...unknown,
            state: 'download',
            file: null,
            path: null,
            ...nothing,
          },
          {
            host,
            pid: pids[1],
            startTime: processStat(pids[1] ?? 0)?.startTime,
            daemon: 'pure-ftpd',
            title: 'pure-ftpd (IDLE)',
            ownerUid: bob.uid,
            ...unknown,
            state: 'idle',
            file: '',
            path: '',
            ...nothing,
          },
        ],
      );
      for (const { connectedAt } of sessions) {
        assert.ok(connectedAt !== null && connectedAt > from - 2 && connectedAt < to + 2);
      }
      assert.deepEqual(
        sorted(gaps),
        sorted([
          blind,
          { cause: 'record-unreadable', ownerUid: alice.uid },
          { cause: 'record-unreadable', ownerUid: bob.uid },
          { cause: 'address-unknown', ownerUid: alice.uid },
          { cause: 'address-unknown', ownerUid: bob.uid },
          { cause: 'file-unknown', ownerUid: alice.uid },
          // Of the connection before login, which could be root's session.
          { cause: 'login-unknown', ownerUid: 0 },
        ]),
      );
      assert.deepEqual(daemons, [{ name: 'pure-ftpd', pid: master, ports: null }]);
    });
  }

  for (const hidepid of [1, 2] as const) {
    test(`hidden processes (hidepid=${hidepid}) are no promise that nobody is there`, async () => {
      await serve();
      await login(alice);
      for (const uid of [nobody, alice.uid]) {
        const { sessions, gaps } = await scanAs({ uid, source, hidepid });
        assert.deepEqual(sessions, []);
        assert.ok(gaps.some(({ cause }) => cause === hidden.cause));
      }
      const asRoot = await scanAs({ uid: 0, source, hidepid });
      assert.equal(asRoot.sessions.length, 1);
      assert.deepEqual(asRoot.gaps, []);
    });
  }

  test('a daemon that sets no titles is no promise that nobody is there', async () => {
    await serve({ titlesOff: true });
    await login(alice);
    const { sessions, gaps } = await scanAs({ uid: nobody, source });
    assert.deepEqual(sessions, []);
    // Its user is told, too: it looks like what a daemon of root's has begun for somebody.
    const unproven = { cause: 'session-unproven', ownerUid: alice.uid };
    assert.deepEqual(sorted(gaps), sorted([blind, unproven]));
  });

  test('a session whose master is gone is left out, and that is said', async () => {
    const { pid: master } = await serve();
    const pid = await (await login(alice)).sessionPid();
    process.kill(master, 'SIGKILL');
    await until(() => processStat(pid)?.parent === 1, { what: 'the session is an orphan' });
    const { sessions, gaps } = await scanAs({ uid: nobody, source });
    assert.deepEqual(sessions, []);
    assert.deepEqual(
      sorted(gaps),
      sorted([blind, { cause: 'session-unproven', ownerUid: alice.uid }]),
    );
  });

  test('a forged title is no row, whoever its parent pretends to be', async () => {
    await serve();
    const real = await (await login(bob)).sessionPid();
    const { uid, gid } = carol;
    running.push(await startTitled('pure-ftpd (IDLE)', { uid, gid }));
    running.push(await startTitled('pure-ftpd (SERVER)', { uid, gid }));
    running.push(await startSetUidTree(alice));
    const { sessions, gaps } = await scanAs({ uid: nobody, source });
    assert.deepEqual(
      sessions.map(({ pid }) => pid),
      [real],
    );
    // What a user's process calls itself is not even read.
    assert.deepEqual(
      gaps.filter(({ cause }) => cause === 'session-unproven'),
      [],
    );
  });
});
