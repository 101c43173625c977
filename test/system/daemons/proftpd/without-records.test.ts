import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { after, afterEach, describe, test } from 'node:test';
import { createProcfsTable } from '../../../../src/os/processes/procfs.ts';
import { everybody, ofUids } from '../../../../src/sessions/scope.ts';
import { connectFtp, type FtpClient } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { childrenOf, titleOf } from '../../../support/processes.ts';
import { type Proftpd, type ProftpdOptions, startProftpd } from '../../../support/proftpd.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/until.ts';
import { users } from '../../../support/users.ts';
import { collectThrough } from './sources.ts';

const { alice, bob } = users;

/** The number of a pid's entry in a scoreboard. */
function entryOf(board: Buffer, pid: number): number {
  let entry = 0;
  while (board.readInt32LE(32 + entry * 624) !== pid) entry += 1;
  return entry;
}

describe('a ProFTPD of another configuration', { skip: needsSandbox() }, () => {
  const table = createProcfsTable();
  let ftpd: Proftpd | undefined;
  const clients: FtpClient[] = [];
  const sockets: Socket[] = [];
  const others: ChildProcess[] = [];

  async function start(options: ProftpdOptions): Promise<Proftpd> {
    ftpd = await startProftpd(options);
    return ftpd;
  }
  async function connect(daemon: Proftpd): Promise<FtpClient> {
    const client = await connectFtp(daemon);
    clients.push(client);
    return client;
  }
  async function login(daemon: Proftpd, user = alice): Promise<FtpClient> {
    const client = await connect(daemon);
    await client.login(user.name, user.password);
    return client;
  }
  afterEach(async () => {
    for (const each of others.splice(0)) each.kill('SIGKILL');
    for (const each of sockets.splice(0)) each.destroy();
    for (const client of clients.splice(0)) client.destroy();
    await ftpd?.stop();
    ftpd = undefined;
  });
  after(() => ftpd?.stop());

  const scan = () => collectThrough(table).snapshot(everybody);

  test('has sessions without records where it keeps none, with a gap', async () => {
    await makeHome(alice, [['big.bin', 2_000_000]]);
    const daemon = await start({ scoreboard: false, throttle: 50 });
    const [one, two, three] = [
      await login(daemon),
      await login(daemon, bob),
      await connect(daemon),
    ];
    assert.ok(three);
    const download = await one.startDownload('big.bin');
    await two.startUpload('up b', { bytes: 5_000 });
    const { sessions, gaps } = await until(
      async () => {
        const found = await scan();
        return found.sessions.some(({ bytesMoved }) => bytesMoved === 5_000) && found;
      },
      { what: 'the upload has arrived' },
    );
    assert.deepEqual(gaps.map(({ cause, ownerUid }) => [cause, ownerUid]).sort(), [
      ['proftpd-record-missing', alice.uid],
      ['proftpd-record-missing', bob.uid],
    ]);
    const told = sessions.map(
      ({ user, isUserProven, state, file, path, remotePort, localPort }) => ({
        user,
        isUserProven,
        state,
        file,
        path,
        remotePort,
        localPort,
      }),
    );
    const common = { isUserProven: false, localPort: daemon.port };
    const expected = [
      {
        ...common,
        user: 'alice',
        state: 'download',
        file: 'big.bin',
        path: `${alice.home}/big.bin`,
        remotePort: one.localPort,
      },
      {
        ...common,
        user: 'bob',
        state: 'upload',
        file: 'up b',
        path: `${bob.home}/up b`,
        remotePort: two.localPort,
      },
    ];
    const byUser = (a: { user: string | null }, b: { user: string | null }) =>
      `${a.user}`.localeCompare(`${b.user}`);
    assert.deepEqual(told.sort(byUser), expected);
    await download.abort();
  });

  test('has its sessions without records read again only when they have run', async () => {
    const daemon = await start({ scoreboard: false });
    await login(daemon);
    await login(daemon, bob);
    let reads = 0;
    const counted = {
      ...table,
      files: table.files && {
        ...table.files,
        list: (...args: Parameters<NonNullable<typeof table.files>['list']>) => {
          reads += 1;
          return table.files?.list(...args) ?? null;
        },
      },
    };
    const collector = collectThrough(counted);
    const readsOfAScan = async () => {
      const before = reads;
      const { sessions, gaps } = await collector.snapshot(everybody);
      assert.deepEqual([sessions.length, gaps.length], [2, 2]);
      return reads - before;
    };
    assert.ok((await readsOfAScan()) > 0);
    await until(async () => (await readsOfAScan()) === 0, { what: 'nothing is read again' });
    await clients[0]?.command('NOOP');
    assert.ok((await readsOfAScan()) > 0);
  });

  test('tells of its sessions where its titles say nothing', async () => {
    await makeHome(alice, [['big.bin', 2_000_000]]);
    const daemon = await start({ titles: 'terse', throttle: 50 });
    const [one, two] = [await login(daemon), await login(daemon, bob)];
    await connect(daemon);
    await one.startDownload('big.bin', { offset: 1_000_000 });
    await two.startUpload('up', { bytes: 5_000 });
    const found = await until(
      async () => {
        const { sessions, gaps } = await scan();
        assert.deepEqual(gaps, []);
        return sessions.some(({ bytesMoved }) => bytesMoved === 5_000) && sessions;
      },
      { what: 'the upload has arrived' },
    );
    const told = found.map(({ title, user, isUserProven, state, file, bytesSkipped }) => [
      title,
      user,
      isUserProven,
      state,
      file,
      bytesSkipped,
    ]);
    const title = 'proftpd: processing connection';
    assert.deepEqual(
      told.sort((a, b) => String(a[1]).localeCompare(String(b[1]))),
      [
        [title, 'alice', true, 'download', 'big.bin', 1_000_000],
        [title, 'bob', true, 'upload', 'up', null],
      ],
    );
  });

  test('tells of a session that was locked out of its record, as anybody can bring about', async () => {
    const daemon = await start({});
    const lock = `import fcntl, sys, time
file = open(sys.argv[1])
fcntl.lockf(file, fcntl.LOCK_SH)
print('held', flush=True)
time.sleep(60)`;
    const holder = spawn('python3', ['-c', lock, `${daemon.scoreboard}.lck`], {
      uid: bob.uid,
      gid: bob.gid,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    others.push(holder);
    await once(holder.stdout, 'data');
    const client = await login(daemon);
    const { sessions, gaps } = await scan();
    assert.deepEqual(
      sessions.map(({ pid, user, remotePort }) => [pid, user, remotePort]),
      [[await client.sessionPid(), 'alice', client.localPort]],
    );
    assert.deepEqual(
      gaps.map(({ cause }) => cause),
      ['proftpd-record-missing'],
    );
  });

  test('falls back on the record and the open file where there is hardly room for a title', async () => {
    const name = `${'n'.repeat(110)}.bin`;
    await makeHome(alice, [[name, 2_000_000]]);
    const daemon = await start({ isBare: true, throttle: 50 });
    const client = await login(daemon);
    const pid = await client.sessionPid();
    await client.startDownload(name);
    const { sessions, gaps } = await scan();
    assert.ok(!titleOf(pid)?.includes(name), titleOf(pid));
    assert.deepEqual(gaps, []);
    assert.deepEqual(
      sessions.map(({ user, state, file }) => [user, state, file]),
      [['alice', 'download', name]],
    );
  });

  test('sends a plain binary download by one call: its bytes and rate are unknown, never 0', async () => {
    // Of different sizes: until ProFTPD notes a transfer the record has the size of the last.
    const downloads = [
      ['huge.bin', 60_000_000, 0],
      ['huger.bin', 70_000_000, 7_000],
    ] as const;
    await makeHome(alice, [
      ...downloads.map(([name, size]): [string, number] => [name, size]),
      ['small.bin', 1_000],
    ]);
    const daemon = await start({});
    const client = await login(daemon);
    // Its size stays in the record, and is none of the next transfer's.
    await (await client.startDownload('small.bin')).finish();
    for (const [name, size, offset] of downloads) {
      const passive = await client.command('EPSV');
      const port = Number(/\(\|\|\|(\d+)\|\)/.exec(passive.text)?.[1]);
      const data = connectTcp({ host: daemon.host, port });
      sockets.push(data);
      data.on('error', () => undefined);
      await once(data, 'connect');
      if (offset > 0) await client.command(`REST ${offset}`);
      await client.command(`RETR ${name}`);
      // Nothing is read, so it lasts until the connection is broken off.
      const row = await until(
        async () => {
          const { sessions } = await scan();
          const found = sessions.find(({ state }) => state === 'download');
          assert.equal(found?.bytesMoved ?? null, null);
          return found?.bytesSkipped === offset && found;
        },
        { what: 'the download shows' },
      );
      const { file, bytesMoved, bytesSkipped, bytesTotal } = row;
      assert.deepEqual([file, bytesMoved, bytesSkipped, bytesTotal], [name, null, offset, size]);
      data.resetAndDestroy();
      await client.nextReply();
    }
    const upload = await client.startUpload('up', { bytes: 3_000 });
    const row = await until(
      async () => (await scan()).sessions.find(({ bytesMoved }) => bytesMoved === 3_000),
      { what: 'the upload has arrived' },
    );
    assert.deepEqual([row.state, row.bytesTotal], ['upload', null]);
    await upload.finish();
  });

  test('has sessions of clients by IPv6 and by v4-mapped addresses', async () => {
    const daemon = await start({ host: '::' });
    for (const host of ['::1', '127.0.0.1']) {
      const client = await connectFtp({ host, port: daemon.port });
      clients.push(client);
      await client.login(alice.name, alice.password);
      const { sessions, gaps } = await scan();
      assert.deepEqual(gaps, []);
      const pid = await client.sessionPid();
      const row = sessions.find((each) => each.pid === pid);
      assert.deepEqual(
        [row?.user, row?.remoteAddress, row?.remotePort, row?.localPort],
        ['alice', host, client.localPort, daemon.port],
      );
    }
  });

  test('has anonymous sessions, whose clients type what they like', async () => {
    await makeHome(bob, [['big.bin', 2_000_000]]);
    const daemon = await start({ anonymous: bob, throttle: 50 });
    // Its user is that of the anonymous block.
    const typed = 'a - 127.0.0.1: STOR b: IDLE';
    const client = await connect(daemon);
    await client.login('anonymous', typed);
    const idle = await scan();
    assert.deepEqual(idle.gaps, []);
    const told = ({ user, state, file, ownerUid }: (typeof idle.sessions)[number]) => [
      user,
      state,
      file,
      ownerUid,
    ];
    assert.deepEqual(idle.sessions.map(told), [['bob', 'idle', '', bob.uid]]);
    await client.startDownload('big.bin');
    const { sessions } = await scan();
    assert.deepEqual(sessions.map(told), [['bob', 'download', 'big.bin', bob.uid]]);
  });

  test('has sessions that are not confined, and lists the file that they transfer alone', async () => {
    await makeHome(alice, [['big.bin', 2_000_000]]);
    const daemon = await start({ chroot: false, throttle: 50 });
    const [one, two] = [await login(daemon), await login(daemon)];
    await one.startDownload(`${alice.home}/big.bin`);
    const { sessions, gaps } = await scan();
    assert.deepEqual(gaps, []);
    const pids = [await one.sessionPid(), await two.sessionPid()];
    const told = pids.map((pid) => {
      const row = sessions.find((each) => each.pid === pid);
      return [row?.state, row?.path];
    });
    assert.deepEqual(told, [
      ['download', `${alice.home}/big.bin`],
      ['idle', ''],
    ]);
  });

  test('has a session whose record does not tell its login though its ids do, with a gap', async () => {
    const daemon = await start({});
    const client = await login(daemon);
    const pid = await client.sessionPid();
    const idle = async () => (await scan()).gaps.length === 0;
    await until(idle, { what: 'the record tells the login' });
    // What a lock that was refused in that very moment would have left; forced.
    const board = readFileSync(daemon.scoreboard);
    const at = 32 + entryOf(board, pid) * 624;
    board.fill(0, at + 12, at + 44);
    board.write('(none)', at + 12);
    writeFileSync(daemon.scoreboard, board);
    const { sessions, gaps } = await scan();
    assert.deepEqual(
      sessions.map((row) => [row.pid, row.user, row.isUserProven, row.ownerUid, row.remotePort]),
      [[pid, 'alice', false, alice.uid, client.localPort]],
    );
    assert.deepEqual(
      gaps.map(({ cause, ownerUid }) => [cause, ownerUid]),
      [['proftpd-record-missing', alice.uid]],
    );
  });

  test('has no row of two transfers where its titles say nothing', async () => {
    await makeHome(alice, [['one.bin', 2_000_000]]);
    const daemon = await start({ titles: 'terse', throttle: 20 });
    const client = await login(daemon);
    const pid = await client.sessionPid();
    await client.startDownload('one.bin');
    const announced = () =>
      readFileSync(daemon.scoreboard).includes('one.bin') ? true : undefined;
    await until(announced, { what: 'the record has the download' });
    // The next transfer's name comes into the record just after it was read; forced.
    let reads = 0;
    const files = table.files ?? assert.fail();
    const changing: typeof table = {
      ...table,
      files: {
        ...files,
        list: (process) => {
          const open = files.list(process);
          if (process.pid === pid) reads += 1;
          if (process.pid === pid && reads === 2) {
            const board = readFileSync(daemon.scoreboard);
            board.write('two', board.indexOf('one.bin'));
            writeFileSync(daemon.scoreboard, board);
          }
          return open;
        },
      },
      kept: null,
    };
    const { sessions } = await collectThrough(changing).snapshot(everybody);
    assert.ok(reads > 2, 'it was read again');
    assert.deepEqual(
      sessions.map(({ state, file }) => [state, file]),
      [['download', 'two.bin']],
    );
  });

  test('keeps the owner of a session that is root at the very moment of a reading', async () => {
    const daemon = await start({ lines: ['RootRevoke off', 'CapabilitiesEngine off'] });
    const client = await login(daemon);
    const pid = await client.sessionPid();
    await until(async () => (await scan()).sessions.length === 1, { what: 'it has logged in' });
    /** The table of a fake kernel, which shows the session as root's as often as is set. */
    let asRoot = 0;
    const isRootNow = (each: number) => each === pid && asRoot > 0 && asRoot-- > 0;
    const kept = table.kept ?? assert.fail();
    const blinking: typeof table = {
      ...table,
      uidOf: (process) => (isRootNow(process.pid) ? 0 : table.uidOf(process)),
      kept: {
        ...kept,
        facts: (each) => {
          const facts = kept.facts(each);
          return facts !== null && isRootNow(each) ? { ...facts, uid: 0 } : facts;
        },
      },
    };
    const ofAlice = ofUids([alice.uid]);
    // As it is seen for the first time: for a moment, and for longer than it is waited for.
    for (const [readings, missesOne] of [
      [3, false],
      [200, true],
    ] as const) {
      const collector = collectThrough(blinking);
      asRoot = readings;
      const first = await collector.snapshot(everybody);
      asRoot = 0;
      const owners = first.sessions.map(({ ownerUid }) => ownerUid);
      if (!missesOne) assert.deepEqual(owners, [alice.uid]);
      const { sessions, gaps } = await collector.snapshot(ofAlice);
      assert.deepEqual([sessions.map((row) => row.pid), gaps], [[pid], []]);
      // And once it is known, when it has run.
      for (const again of [1, 3, 200]) {
        await client.command('CWD /');
        asRoot = again;
        const later = await collector.snapshot(ofAlice);
        asRoot = 0;
        assert.deepEqual(
          later.sessions.map((row) => [row.pid, row.ownerUid]),
          [[pid, alice.uid]],
        );
      }
    }
  });

  test('finds the owner of a session that was the daemon’s own user when a record told of its login already', async () => {
    const daemon = await start({ lines: ['RootRevoke off', 'CapabilitiesEngine off'] });
    const client = await login(daemon);
    const pid = await client.sessionPid();
    await until(async () => (await scan()).sessions.length === 1, { what: 'it has logged in' });
    const kept = table.kept ?? assert.fail();
    const { uid: daemonsUid } = kept.facts(daemon.pid) ?? assert.fail();
    assert.notEqual(daemonsUid, 0);
    /**
     * The table of a FAKE kernel, which shows the session as it was before its login, as when its pid was
     * another session's a second ago, whose record is still there.
     */
    let isBefore = true;
    const shown = (each: number) => isBefore && each === pid;
    const early: typeof table = {
      ...table,
      uidOf: (process) => (shown(process.pid) ? daemonsUid : table.uidOf(process)),
      kept: {
        ...kept,
        facts: (each) => {
          const facts = kept.facts(each);
          return facts !== null && shown(each) ? { ...facts, uid: daemonsUid } : facts;
        },
      },
    };
    const collector = collectThrough(early);
    await collector.snapshot(everybody);
    isBefore = false;
    // Asked for by its owner alone, and without having run since.
    const { sessions } = await collector.snapshot(ofUids([alice.uid]));
    assert.deepEqual(
      sessions.map((row) => [row.pid, row.ownerUid]),
      [[pid, alice.uid]],
    );
    assert.deepEqual((await collector.snapshot(ofUids([daemonsUid]))).sessions, []);
  });

  test('keeps the owner of a session that can become root again', async () => {
    const daemon = await start({ lines: ['RootRevoke off', 'CapabilitiesEngine off'] });
    const client = await login(daemon);
    await connect(daemon);
    const { sessions, gaps } = await scan();
    assert.deepEqual(gaps, []);
    assert.deepEqual(
      sessions.map(({ pid, user, ownerUid }) => [pid, user, ownerUid]),
      [[await client.sessionPid(), 'alice', alice.uid]],
    );
    assert.equal(childrenOf(daemon.pid).length, 2);
  });
});
