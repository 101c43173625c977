import assert from 'node:assert/strict';
import { chmodSync, chownSync, copyFileSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { everybody, ofUids } from '../../../../src/sessions/scope.ts';
import type { Snapshot } from '../../../../src/sessions/session.ts';
import { connectFtp, type FtpClient } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { localPair, putPair } from '../../../support/key-pairs.ts';
import { childrenOf, isAlive, processStat, uidOf } from '../../../support/processes.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/until.ts';
import { sandboxFolder, type TestUser, users } from '../../../support/users.ts';
import { vsftpdProgram, vsftpdReleases } from '../../../support/vsftpd/programs.ts';
import { startVsftpdBehind } from '../../../support/vsftpd/super-server.ts';
import {
  logIn,
  servingProcesses,
  settle,
  startVsftpd,
  type Vsftpd,
  type VsftpdStart,
} from '../../../support/vsftpd/vsftpd.ts';
import { endingThrough } from '../../collector/ending-through.ts';
import { collectThrough, tables } from '../pure-ftpd/sources.ts';

const { alice, bob, carol } = users;
const guest = { name: 'dev@bob.example', owner: bob };
const skip = needsSandbox();

/** What a process that was just begun sees. */
async function lookAnew(scope = everybody): Promise<Snapshot> {
  const createTable = tables['procfs kept open'];
  assert.ok(createTable);
  return collectThrough(createTable()).snapshot(scope);
}

const causes = ({ gaps }: Snapshot) => gaps.map(({ cause }) => cause);

for (const release of vsftpdReleases) {
  describe(`a vsftpd of ${release}`, { skip }, () => {
    let ftpd: Vsftpd | undefined;
    const clients: FtpClient[] = [];

    beforeEach(() => makeHome(alice, [['big.bin', 200_000_000]]));
    afterEach(async () => {
      for (const client of clients.splice(0)) client.destroy();
      await ftpd?.stop();
      ftpd = undefined;
    });

    async function serve(options: VsftpdStart = {}): Promise<Vsftpd> {
      ftpd = await startVsftpd({ release, isNewlyConfigured: true, ...options });
      return ftpd;
    }

    async function login(
      { name, password }: Pick<TestUser, 'name' | 'password'>,
      options: { host?: string; port?: number; tls?: boolean } = {},
    ): Promise<FtpClient> {
      const client = await connectFtp({ host: '127.0.0.1', port: ftpd?.port ?? 0, ...options });
      clients.push(client);
      await logIn(client, { name, password });
      return client;
    }

    test('tells guests by title alone: they run as another user, whose name is none of theirs', async () => {
      for (const titles of [true, false]) {
        await serve({ titles, guests: [guest], isNewlyConfigured: false });
        await login({ name: guest.name, password: 'any' });
        const found = await lookAnew();
        assert.deepEqual(
          found.sessions.map(({ user, ownerUid }) => [user, ownerUid]),
          [[titles ? guest.name : null, bob.uid]],
        );
        assert.deepEqual(causes(found), titles ? [] : ['vsftpd-user-unknown']);
        assert.equal((await lookAnew(ofUids([alice.uid]))).gaps.length, 0);
        for (const client of clients.splice(0)) client.destroy();
        await ftpd?.stop();
      }
    });

    test('is seen whole by one that looks for the first time: the listener before what is below it', async () => {
      await serve({ isNewlyConfigured: false });
      await login(alice);
      const found = await lookAnew();
      assert.deepEqual([found.sessions[0]?.user, found.gaps], ['alice', []]);
    });

    test('leaves a user unknown where its settings are younger than it may be', async () => {
      const { configuration } = await serve();
      // Its time of change is that of now, however long the start took.
      chmodSync(configuration, 0o644);
      await login(alice);
      const found = await lookAnew();
      assert.deepEqual([found.sessions[0]?.user, causes(found)], [null, ['vsftpd-user-unknown']]);
    });

    test('has the address of an IPv6 peer, and of an IPv4 one on the same socket', async () => {
      await serve({ ipv6: true, titles: true });
      for (const host of ['::1', '127.0.0.1']) {
        const client = await login(alice, { host });
        const { sessions } = await lookAnew();
        assert.deepEqual(
          sessions.map((row) => [row.user, row.remoteAddress, row.remotePort, row.localPort]),
          [['alice', host, client.localPort, ftpd?.port]],
        );
        client.destroy();
        await until(async () => (await lookAnew()).sessions.length === 0, { what: 'it has ended' });
      }
    });

    test('names a file by its full path where its users are not confined', async () => {
      await serve({ chroot: false, settings: { isolate_network: 'NO' } });
      const client = await login(alice);
      await client.startDownload('big.bin');
      const [row] = (await lookAnew()).sessions;
      const path = `${alice.home}/big.bin`;
      assert.deepEqual([row?.state, row?.file, row?.path], ['download', path, path]);
      assert.equal(row?.remotePort, client.localPort);
    });

    test('tells the bytes of a download under a limit once they were seen to move', async () => {
      await serve({ maxRate: 200_000 });
      const client = await login(alice);
      const download = await client.startDownload('big.bin');
      const collector = collectThrough(tables['procfs kept open']?.() ?? assert.fail());
      const first = (await collector.snapshot(everybody)).sessions[0];
      assert.deepEqual([first?.state, first?.bytesMoved], ['download', null]);
      const moved = await until(
        async () => (await collector.snapshot(everybody)).sessions[0]?.bytesMoved,
        { what: 'the download is seen to move' },
      );
      assert.ok(moved > 0 && moved <= download.bytes + 4_000_000, `${moved} of ${download.bytes}`);
    });

    test('has its sessions where what serves them stays root’s (session_support)', async () => {
      await serve({ settings: { session_support: 'YES' } });
      const client = await login(alice);
      const { session } = await servingProcesses(client);
      assert.deepEqual(
        (await lookAnew()).sessions.map(({ pid }) => pid),
        [session.pid],
      );
    });

    test('in one process for a connection tells a login by its title, or says that it cannot', async () => {
      chmodSync(carol.home, 0o555);
      for (const titles of [true, false]) {
        await serve({
          titles,
          anonymous: carol,
          settings: { one_process_model: 'YES' },
        });
        const client = await connectFtp({ host: '127.0.0.1', port: ftpd?.port ?? 0 });
        clients.push(client);
        const pid = await client.sessionPid();
        const doubt = titles ? [] : ['vsftpd-login-unknown'];
        const collector = collectThrough(tables['procfs kept open']?.() ?? assert.fail());
        await until(
          async () => {
            const { sessions, gaps } = await collector.snapshot(everybody);
            assert.deepEqual(sessions, []);
            return gaps.length === doubt.length;
          },
          { what: 'it has become its user' },
        );
        assert.deepEqual(causes(await lookAnew()), doubt);
        await client.command('USER ftp');
        assert.equal((await client.command('PASS x')).code, 230);
        await settle(client);
        for (const found of [await collector.snapshot(everybody), await lookAnew()]) {
          assert.deepEqual(causes(found), doubt);
          assert.deepEqual(
            found.sessions.map((row) => [row.pid, row.user, row.remotePort]),
            titles ? [[pid, 'carol', client.localPort]] : [],
          );
        }
        client.destroy();
        await ftpd?.stop();
      }
    });

    test('killed leaves its sessions, which their ids prove', async () => {
      const { pid } = await serve({ titles: true });
      const client = await login(alice);
      const { session } = await servingProcesses(client);
      const collector = collectThrough(tables['procfs kept open']?.() ?? assert.fail());
      assert.equal((await collector.snapshot(everybody)).sessions.length, 1);
      process.kill(pid, 'SIGKILL');
      await until(() => !isAlive(pid), {
        what: 'the listener has ended',
      });
      for (const found of [await collector.snapshot(everybody), await lookAnew()]) {
        assert.deepEqual(
          found.sessions.map((row) => [row.pid, row.user, row.remotePort]),
          [[session.pid, 'alice', client.localPort]],
        );
        assert.deepEqual([found.gaps, found.daemons], [[], []]);
      }
    });

    test('leaves out a session that nothing proves any more, and says so to its owner and nobody else', async () => {
      for (const chroot of [undefined, false] as const) {
        await serve({ titles: true, ...(chroot === false ? { chroot } : {}) });
        const client = await login(alice);
        const { session, connection } = await servingProcesses(client);
        process.kill(connection.pid, 'SIGKILL');
        await until(() => processStat(session.pid)?.parent !== connection.pid, {
          what: 'the session is an orphan',
        });
        const cause = chroot === false ? 'daemon-of-user' : 'session-unproven';
        for (const scope of [everybody, ofUids([alice.uid])]) {
          const found = await lookAnew(scope);
          assert.deepEqual([found.sessions, causes(found)], [[], [cause]]);
        }
        assert.deepEqual((await lookAnew(ofUids([bob.uid, 0]))).gaps, []);
        client.destroy();
        await until(() => processStat(session.pid) === undefined, { what: 'it has ended' });
        await ftpd?.stop();
      }
    });

    test('of a super-server, lowered to a user that is not known for it, has its owner told', async (t) => {
      const settings = { nopriv_user: carol.name };
      const { port } = await startVsftpdBehind(t, { release, titles: true, settings });
      const client = await connectFtp({ host: '127.0.0.1', port });
      clients.push(client);
      await logIn(client, alice);
      const { session, connection } = await servingProcesses(client);
      await until(() => uidOf(connection.pid) === carol.uid, { what: 'it has lowered itself' });
      const found = await lookAnew(ofUids([alice.uid]));
      assert.deepEqual([found.sessions, causes(found)], [[], ['session-unproven']]);
      assert.deepEqual((await lookAnew(ofUids([bob.uid, 0]))).gaps, []);
      client.destroy();
      await until(() => processStat(session.pid) === undefined, { what: 'it has ended' });
    });

    test('started without room for titles has its sessions, titleless, and their user unknown', async () => {
      await serve({ titles: true, hasNoRoom: true });
      const client = await connectFtp({ host: '127.0.0.1', port: ftpd?.port ?? 0 });
      clients.push(client);
      const collector = collectThrough(tables['procfs kept open']?.() ?? assert.fail());
      assert.deepEqual((await collector.snapshot(everybody)).sessions, []);
      await client.login(alice.name, alice.password);
      const { session } = await servingProcesses(client);
      for (const source of ['kept', 'anew', 'procfs', 'ps-list'] as const) {
        const found = await until(
          async () => {
            const seen =
              source === 'kept'
                ? await collector.snapshot(everybody)
                : source === 'anew'
                  ? await lookAnew()
                  : await collectThrough(tables[source]?.() ?? assert.fail()).snapshot(everybody);
            return seen.sessions.length > 0 && seen;
          },
          { what: `${source} has it` },
        );
        assert.deepEqual(
          found.sessions.map((row) => [row.pid, row.user, row.ownerUid, row.state]),
          [[session.pid, null, alice.uid, 'idle']],
        );
        // What ps(1) shows in place of an empty one is its own.
        if (source !== 'ps-list') assert.equal(found.sessions[0]?.title, '');
        assert.deepEqual(causes(found), ['vsftpd-user-unknown']);
      }
      client.destroy();
      await until(async () => (await collector.snapshot(everybody)).sessions.length === 0, {
        what: 'it has ended',
      });
    });

    test('of a super-server has sessions, and no listener', async (t) => {
      for (const titles of [true, false]) {
        const { port } = await startVsftpdBehind(t, { release, titles });
        const client = await connectFtp({ host: '127.0.0.1', port });
        clients.push(client);
        const collector = collectThrough(tables['procfs kept open']?.() ?? assert.fail());
        assert.deepEqual((await collector.snapshot(everybody)).sessions, []);
        await logIn(client, alice);
        const { session } = await servingProcesses(client);
        for (const found of [await collector.snapshot(everybody), await lookAnew()]) {
          assert.deepEqual(
            found.sessions.map((row) => [row.pid, row.user, row.ownerUid, row.remotePort]),
            [[session.pid, titles ? 'alice' : null, alice.uid, client.localPort]],
          );
          assert.deepEqual(found.daemons, []);
          assert.deepEqual(causes(found), titles ? [] : ['vsftpd-user-unknown']);
        }
        client.destroy();
        await until(async () => (await lookAnew()).sessions.length === 0, { what: 'it has ended' });
      }
    });

    test('of an ordinary user’s own has no sessions, whatever its titles say', async () => {
      await serve({
        titles: true,
        anonymous: alice,
        as: alice,
        settings: { one_process_model: 'YES', run_as_launching_user: 'YES' },
      });
      const client = await connectFtp({ host: '127.0.0.1', port: ftpd?.port ?? 0 });
      clients.push(client);
      await client.command('USER ftp');
      await client.command('PASS x');
      assert.equal(childrenOf(ftpd?.pid ?? 0).length, 1);
      const found = await lookAnew();
      assert.deepEqual([found.sessions, found.daemons], [[], []]);
      assert.deepEqual([...new Set(causes(found))], ['daemon-of-user']);
      // It is told of to the user that it is, and not to others.
      assert.ok((await lookAnew(ofUids([alice.uid]))).gaps.length > 0);
      assert.deepEqual((await lookAnew(ofUids([bob.uid, 0]))).gaps, []);
    });

    test('from a copy that its user may write has no sessions, though root runs it', async () => {
      const folder = mkdtempSync(join(sandboxFolder, 'copy-'));
      const executable = join(folder, 'vsftpd');
      copyFileSync((await vsftpdProgram(release)).vsftpd, executable);
      chmodSync(folder, 0o755);
      chmodSync(executable, 0o755);
      chownSync(executable, alice.uid, alice.gid);
      await serve({ titles: true, executable });
      await login(bob);
      const found = await lookAnew();
      assert.deepEqual([found.sessions, found.daemons], [[], []]);
      assert.ok(causes(found).includes('daemon-untrusted'), `${causes(found)}`);
    });

    test('has its sessions ended, idle, in a transfer and over TLS', async () => {
      const tls = putPair(sandboxFolder, await localPair());
      await serve({ tls });
      const table = tables['procfs kept open']?.() ?? assert.fail();
      const { sessions, ender } = endingThrough(table);
      for (const kind of ['idle', 'download', 'upload', 'tls'] as const) {
        const client = await login(alice, { tls: kind === 'tls' });
        if (kind === 'download') await client.startDownload('big.bin');
        if (kind === 'upload') await client.startUpload('up.bin', { bytes: 1_000 });
        const { session, connection } = await servingProcesses(client);
        const listed = (await sessions.snapshot(everybody)).sessions;
        assert.deepEqual(
          listed.map(({ pid }) => pid),
          [session.pid],
        );
        const others = await ender.end(listed, ofUids([bob.uid]));
        assert.deepEqual(
          others.map(({ outcome }) => outcome),
          ['gone'],
        );
        const ended = await ender.end(listed, ofUids([alice.uid]));
        assert.deepEqual(
          ended.map(({ outcome }) => outcome),
          ['ended'],
        );
        await until(() => childrenOf(connection.parent).length === 0, {
          what: 'nothing serves the connection any more',
        });
        client.destroy();
      }
    });
  });
}
