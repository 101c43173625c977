import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { everybody, ofUids } from '../../../../src/sessions/scope.ts';
import type { FtpSession } from '../../../../src/sessions/session.ts';
import { connectFtp, type FtpClient } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { localPair, putPair } from '../../../support/key-pairs.ts';
import { childrenOf, processStat } from '../../../support/processes.ts';
import { until } from '../../../support/until.ts';
import { sandboxFolder, users } from '../../../support/users.ts';
import {
  logIn,
  servingProcesses,
  startVsftpd,
  type Vsftpd,
} from '../../../support/vsftpd/vsftpd.ts';
import { describeThroughAll } from '../pure-ftpd/sources.ts';

const { alice, bob } = users;

const fileSize = 200_000_000;

const idle = {
  state: 'idle',
  file: '',
  path: '',
  bytesMoved: null,
  bytesTotal: null,
} as const;

const kinds = [
  ['debian-12', false],
  ['debian-13', true],
] as const;

for (const [release, titles] of kinds) {
  const name = `the sessions of a vsftpd of ${release} ${titles ? 'with' : 'without'} titles`;
  describeThroughAll(name, (collector) => {
    let ftpd: Vsftpd;
    const clients: FtpClient[] = [];

    before(async () => {
      await makeHome(alice, [['big.bin', fileSize]]);
      const tls = putPair(sandboxFolder, await localPair());
      ftpd = await startVsftpd({ release, titles, tls });
    });
    afterEach(async () => {
      for (const client of clients.splice(0)) client.destroy();
      await until(() => childrenOf(ftpd.pid).length === 0, { what: 'the sessions are gone' });
    });
    after(() => ftpd.stop());

    async function connect(tls = false): Promise<FtpClient> {
      const client = await connectFtp({ ...ftpd, tls });
      clients.push(client);
      return client;
    }

    async function sessions(owner: number | null = null): Promise<readonly FtpSession[]> {
      const snapshot = await collector.snapshot(owner === null ? everybody : ofUids([owner]));
      assert.deepEqual(snapshot.gaps, []);
      assert.deepEqual(snapshot.daemons, [{ name: 'vsftpd', pid: ftpd.pid, ports: [ftpd.port] }]);
      return snapshot.sessions;
    }

    /** The only session, once it is in that state. */
    async function sessionIn(state: FtpSession['state']): Promise<FtpSession> {
      return until(
        async () => {
          const [only, ...others] = await sessions();
          assert.deepEqual(others, []);
          return only?.state === state && only;
        },
        { what: `the session is in the state ${state}` },
      );
    }

    /** Without titles every process shows the path that the daemon was started with. */
    function titled(command: string): string {
      return titles ? `vsftpd: 127.0.0.1/alice: ${command}` : ftpd.executable;
    }

    test('are none, without a gap, before a login, and end with it', async () => {
      const [silent, named, failed] = [await connect(), await connect(), await connect()];
      await named.command(`USER ${alice.name}`);
      await failed.command(`USER ${alice.name}`);
      assert.equal((await failed.command('PASS wrong')).code, 530);
      for (let times = 0; times < 5; times += 1) assert.deepEqual(await sessions(), []);
      await named.command(`PASS ${alice.password}`);
      const row = await sessionIn('idle');
      assert.equal(row.pid, (await servingProcesses(named)).session.pid);
      await named.quit();
      await until(async () => (await sessions()).length === 0, { what: 'the session has ended' });
      silent.destroy();
    });

    test('are right in every field while idle, and belong to their user alone', async () => {
      const from = Math.floor(Date.now() / 1_000) - 1;
      const client = await connect();
      await logIn(client, alice);
      const { session } = await servingProcesses(client);
      const { connectedAt, ...row } = await sessionIn('idle');
      assert.deepEqual(row, {
        ...idle,
        host: 'localhost',
        pid: session.pid,
        startTime: processStat(session.pid)?.startTime,
        daemon: 'vsftpd',
        title: titled('IDLE'),
        ownerUid: alice.uid,
        user: 'alice',
        isUserProven: false,
        remoteAddress: '127.0.0.1',
        remotePort: client.localPort,
        localPort: ftpd.port,
        protocol: 'ftp',
        command: null,
        bytesSkipped: null,
        transferStartedAt: null,
        lastTransferStartedAt: null,
        idleSince: null,
      });
      const now = Date.now() / 1_000;
      assert.ok(connectedAt !== null && connectedAt >= from && connectedAt <= now);
      assert.deepEqual(
        (await sessions(alice.uid)).map(({ pid }) => pid),
        [session.pid],
      );
      assert.deepEqual(await sessions(bob.uid), []);
    });

    test('tell a download, whose bytes no plain one shows, and its end', async () => {
      const client = await connect();
      await logIn(client, alice);
      const download = await client.startDownload('big.bin');
      for (let times = 0; times < 3; times += 1) {
        const row = await sessionIn('download');
        assert.deepEqual(
          [row.title, row.file, row.path, row.bytesMoved, row.bytesTotal],
          [titled('RETR big.bin'), '/big.bin', `${alice.home}/big.bin`, null, fileSize],
        );
      }
      await download.abort();
      const { state, file, path, bytesMoved, bytesTotal } = await sessionIn('idle');
      assert.deepEqual({ state, file, path, bytesMoved, bytesTotal }, idle);
    });

    test('tell an upload, an append and a resumed one with the bytes so far', async () => {
      const client = await connect();
      await logIn(client, alice);
      for (const [command, expected] of [
        ['STOR', 30_000],
        ['APPE', 60_000],
        ['STOR', 40_000],
      ] as const) {
        if (expected === 40_000) await client.command('REST 10000');
        const upload = await client.startUpload('up.bin', { bytes: 30_000, command });
        const row = await until(
          async () => {
            const now = await sessionIn('upload');
            return now.bytesMoved === expected && now;
          },
          { what: `${expected} bytes have arrived` },
        );
        assert.deepEqual(
          [row.title, row.file, row.path, row.bytesTotal],
          [titled(`${command} up.bin`), '/up.bin', `${alice.home}/up.bin`, null],
        );
        await upload.finish();
        await sessionIn('idle');
      }
    });

    test('are idle during and after a listing', async () => {
      const client = await connect();
      await logIn(client, alice);
      await client.list();
      // The client has its 226 before the title says that the listing is over.
      const states: unknown[] = [];
      await until(
        async () => {
          const rows = await sessions();
          states.push(...rows.map(({ state }) => state));
          return rows[0]?.title === titled('IDLE');
        },
        { what: 'the title says that the session waits' },
      );
      assert.deepEqual(
        states,
        states.map(() => 'idle'),
      );
    });

    test('show over TLS, beside their handler, as such', async () => {
      const client = await connect(true);
      assert.deepEqual(await sessions(), []);
      await logIn(client, alice);
      const { session } = await servingProcesses(client);
      const row = await sessionIn('idle');
      assert.deepEqual([row.pid, row.user, row.protocol], [session.pid, 'alice', 'ftps']);
      const upload = await client.startUpload('tls.bin', { bytes: 3_000 });
      assert.equal((await sessionIn('upload')).file, '/tls.bin');
      await upload.abort();
    });

    test('tell names with blanks, quotes, bars and any letters by the file itself', async () => {
      const client = await connect();
      await logIn(client, alice);
      for (const name of ['a  b.bin', `it's "x" | y: IDLE`, 'grüße.bin']) {
        const upload = await client.startUpload(name, { bytes: 10 });
        const row = await sessionIn('upload');
        assert.deepEqual(
          [row.file, row.path, row.user],
          [`/${name}`, `${alice.home}/${name}`, 'alice'],
        );
        await upload.finish();
        await sessionIn('idle');
      }
    });
  });
}
