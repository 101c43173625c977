import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import type {
  Process,
  ProcessTable,
  TcpSocket,
} from '../../../../src/os/processes/process-table.ts';
import { createProcfsTable } from '../../../../src/os/processes/procfs.ts';
import { createPsListTable } from '../../../../src/os/processes/ps-list.ts';
import { processStat, titleOf } from '../../../support/processes.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { until } from '../../../support/until.ts';
import { users } from '../../../support/users.ts';
import { findTitled } from './find-process.ts';
import { handle, type Started, startCommand, startTitled, startWithPid } from './started.ts';

const { alice } = users;
const skip = process.platform === 'linux' ? false : 'needs Linux';
const sources: [name: string, table: ProcessTable][] = [
  ['procfs', createProcfsTable()],
  ['ps-list', createPsListTable('/proc')],
];

for (const [source, table] of sources) {
  describe(`the process table through ${source}`, { skip }, () => {
    const title = `uapid test (${source})`;
    const running: Started[] = [];
    let folder: string;

    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'process-table-'));
      chmodSync(folder, 0o755);
    });
    afterEach(async () => {
      for (const started of running.splice(0)) await started.end();
    });
    after(() => rmSync(folder, { recursive: true }));

    async function start(options: Parameters<typeof startTitled>[1] = {}): Promise<Started> {
      const started = await startTitled(title, options);
      running.push(started);
      return started;
    }

    async function find(pid: number): Promise<Process | undefined> {
      const processes = await findTitled(table, (each) => each === title);
      assert.ok(processes.every((process) => process.title === title));
      return processes.find((process) => process.pid === pid);
    }

    function copyOfCat(name: string): string {
      const copy = join(folder, name);
      copyFileSync('/bin/cat', copy);
      chmodSync(copy, 0o755);
      return copy;
    }

    test('has a process with its parent, title, uid, times and executable', async () => {
      const startedAt = Date.now();
      const { pid } = await start();
      const found = await find(pid);
      assert.ok(found);
      const { dev, ino } = statSync('/bin/cat', { bigint: true });
      const { startedAtMs, ...rest } = found;
      assert.deepEqual(rest, {
        pid,
        parentPid: process.pid,
        title,
        argumentsLeft: [],
        startTime: processStat(pid)?.startTime,
        name: 'cat',
        uid: process.geteuid?.(),
        realUid: process.getuid?.(),
        executablePath: found.executable?.path,
        isWhollyRoot: process.geteuid?.() === 0,
        hasGroups: /^Groups:\t\d/m.test(readFileSync('/proc/self/status', 'latin1')),
        // Pipes of Node.js are sockets.
        isInputSocket: true,
        executable: {
          path: found.executable?.path,
          identity: `${dev}:${ino}`,
          writableByRootOnly: true,
        },
      });
      assert.match(found.executable?.path ?? '', /\/cat$/);
      // The time of boot is known in whole seconds.
      const isThen = startedAtMs !== null && startedAtMs > startedAt - 2_000;
      assert.ok(isThen && startedAtMs < Date.now() + 2_000, `${startedAtMs} ${startedAt}`);
    });

    test('gives the facts of a process before its title is read, and the rest only if that is wanted', async () => {
      const { pid } = await start();
      const { processes, othersAreHidden } = await table.list();
      const facts = processes.find((each) => each.pid === pid);
      assert.ok(facts && !('title' in facts));
      assert.equal(othersAreHidden, false);
      const whole = await find(pid);
      assert.ok(whole);
      const { title: _, argumentsLeft: __, isInputSocket: ___, executable: ____, ...rest } = whole;
      assert.deepEqual(rest, facts);
      assert.equal(
        table.read(facts, (each) => each !== title),
        null,
      );
    });

    test('reads the title that a process has then, however old the listing is', async () => {
      const renamed = `uapid test (${source}, renamed ${process.pid})`;
      const child = spawn('bash', ['-c', `read && exec -a '${renamed}' cat`], {
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      running.push(handle(child));
      const facts = (await table.list()).processes.find(({ pid }) => pid === child.pid);
      child.stdin?.write('\n');
      await until(() => titleOf(Number(child.pid)) === renamed, { what: 'it has the new title' });
      assert.ok(facts);
      assert.equal(table.read(facts)?.title, renamed);
    });

    test('tells who a process is now', async () => {
      const { pid } = await start();
      const found = await find(pid);
      assert.ok(found);
      assert.equal(table.uidOf(found), process.geteuid?.());
      assert.equal(table.uidOf({ ...found, startTime: '1' }), null);
      assert.equal(table.residenceOf(found), 'here');
    });

    test('tells the current titles of processes that live, and of no others', async () => {
      const [stays, ends] = [await start(), await start()];
      const found = [await find(stays.pid), await find(ends.pid)].filter(
        (one) => one !== undefined,
      );
      assert.equal(found.length, 2);
      assert.equal((await table.titles(found)).size, 2);
      await ends.end();
      assert.deepEqual([...(await table.titles(found))], [[stays.pid, title]]);
    });

    test('tells a program by what it executes, not by its title', async () => {
      const named = startCommand('bash', ['-c', `exec -a 'pure-ftpd (IDLE)' sleep 60`]);
      running.push(named);
      const found = await until(
        async () => {
          const processes = await findTitled(table, (one) => one.startsWith('pure-ftpd (IDLE)'));
          return processes.find(({ pid }) => pid === named.pid);
        },
        { what: 'the sleep has its title' },
      );
      assert.match(found.executable?.path ?? '', /\/sleep$/);
    });

    test('follows an executable whose file was removed', async () => {
      const copy = copyOfCat('removed');
      const { dev, ino } = statSync(copy, { bigint: true });
      const { pid } = await start({ executable: copy });
      rmSync(copy);
      copyOfCat('removed');
      const { executable } = (await find(pid)) ?? {};
      assert.equal(executable?.path, `${copy} (deleted)`);
      assert.equal(executable?.identity, `${dev}:${ino}`);
    });

    test('tells what a process has open, how, how far, and whether it is locked', async () => {
      const path = join(folder, 'open');
      writeFileSync(path, 'x'.repeat(5_000));
      const locker = startCommand('flock', ['-x', path, 'sleep', '60']);
      running.push(locker);
      const fd = openSync(path, 'r');
      readSync(fd, Buffer.alloc(1_234));
      const processes = await findTitled(table, () => true);
      const self = processes.find(({ pid }) => pid === process.pid);
      assert.ok(self && table.files);
      const open = table.files.list(self)?.filter(({ target }) => target === path);
      assert.deepEqual(open, [{ fd, target: path }]);
      const { mountId, ...described } = table.files.describe(self, fd) ?? {};
      assert.deepEqual(described, {
        access: 'read',
        isDirectory: false,
        appends: false,
        positionBytes: 1_234,
        isLocked: false,
        inode: String(statSync(path, { bigint: true }).ino),
      });
      const findmnt = ['--noheadings', '--output', 'FSTYPE,MAJ:MIN', '--target', path];
      const [type, device] = execFileSync('findmnt', findmnt, { encoding: 'utf8' })
        .trim()
        .split(/ +/);
      assert.deepEqual(table.files.mountOf(self, mountId ?? -1), { type, device });
      assert.equal(table.files.mountOf(self, 2 ** 31), null);
      assert.equal(table.files.rootOf(self), '/');
      assert.equal(table.files.directoryOf(self), process.cwd());
      assert.equal(table.files.sizeOf(self, fd), 5_000);
      closeSync(fd);
      assert.equal(table.files.describe(self, fd), null);
      const asFolder = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
      assert.equal(table.files.describe(self, asFolder)?.isDirectory, true);
      assert.equal(table.files.sizeOf(self, asFolder), null);
      closeSync(asFolder);
      const { files } = table;
      await until(
        () => {
          const other = { ...self, pid: locker.pid };
          const held = files.list(other)?.find(({ target }) => target === path);
          return held !== undefined && files.describe(other, held.fd)?.isLocked;
        },
        { what: 'the lock shows' },
      );
    });

    test('tells the TCP sockets of a process, over IPv4 and IPv6', async () => {
      const processes = await findTitled(table, () => true);
      const self = processes.find(({ pid }) => pid === process.pid);
      assert.ok(self && table.files);
      for (const host of ['127.0.0.1', '::1']) {
        const server = createServer((socket) => socket.on('error', () => undefined));
        server.listen(0, host);
        await once(server, 'listening');
        const { port } = server.address() as AddressInfo;
        const client = connect({ host, port });
        await Promise.all([once(client, 'connect'), once(server, 'connection')]);
        table.files.beginScan();
        const sockets: readonly TcpSocket[] = table.files.tcpSockets(self) ?? [];
        const ours = sockets.filter(({ localPort }) => localPort === port);
        const told = ours.map(({ listening, remoteAddress, remotePort }) => [
          listening,
          remoteAddress,
          remotePort,
        ]);
        const nobody = host === '::1' ? '::' : '0.0.0.0';
        assert.deepEqual(told, [
          [true, nobody, 0],
          [false, host, client.localPort],
        ]);
        client.resetAndDestroy();
        server.close();
      }
    });

    test('has nothing to tell of the files of a process that ended', async () => {
      const started = await start();
      const found = await find(started.pid);
      assert.ok(found && table.files);
      assert.ok(table.files.list(found));
      await started.end();
      assert.equal(table.files.list(found), null);
      assert.equal(table.files.tcpSockets(found), null);
      assert.equal(table.files.open(found, 0), null);
      assert.equal(table.files.sizeOf(found, 0), null);
      assert.equal(table.files.rootOf(found), null);
      assert.equal(table.files.directoryOf(found), null);
      assert.equal(table.files.describe(found, 0), null);
    });

    describe('with other users', { skip: needsSandbox() }, () => {
      const asAlice = { uid: alice.uid, gid: alice.gid };

      test('knows whose a process is, and that it is not root’s', async () => {
        const { pid } = await start(asAlice);
        const { uid, isWhollyRoot } = (await find(pid)) ?? {};
        assert.deepEqual({ uid, isWhollyRoot }, { uid: alice.uid, isWhollyRoot: false });
      });

      test('is not deceived by a process that names itself like a line of its status', async () => {
        const script = `printf '\\rUid:\\t0\\t0\\t0\\t0' > /proc/self/comm; echo; read -r end`;
        const child = startCommand('bash', ['-c', `exec -a '${title}' bash -c "$0"`, script], {
          ...asAlice,
          stdio: ['pipe', 'ignore', 'ignore'],
        });
        running.push(child);
        await until(() => readFileSync(`/proc/${child.pid}/comm`, 'latin1').startsWith('\rUid:'), {
          what: 'the process has its name',
        });
        const processes = await findTitled(table, (one) => one.startsWith(title));
        assert.deepEqual(
          processes.map(({ pid, uid }) => [pid, uid]),
          [[child.pid, alice.uid]],
        );
      });

      test('trusts no executable that a user can write', async () => {
        const own = copyOfCat('own');
        chownSync(own, alice.uid, alice.gid);
        const shared = copyOfCat('shared');
        chmodSync(shared, 0o775);
        const open = copyOfCat('open-to-all');
        chmodSync(open, 0o757);
        const roots = copyOfCat('roots');
        for (const [executable, expected] of [
          [own, false],
          [shared, false],
          [open, false],
          [roots, true],
        ] as const) {
          const { pid } = await start({ ...asAlice, executable });
          const found = await find(pid);
          assert.equal(found?.executable?.writableByRootOnly, expected, executable);
        }
      });

      test('does not take a process for another that had its pid', async () => {
        const first = await start();
        const found = await find(first.pid);
        assert.ok(found);
        await first.end();
        const second = await until(
          async () => {
            const again = await startWithPid(first.pid, () => startTitled(title));
            // A start time is told in hundredths of a second.
            if (processStat(again.pid)?.startTime !== found.startTime) return again;
            await again.end();
            return undefined;
          },
          { what: 'the pid is used again later' },
        );
        running.push(second);
        assert.equal(second.pid, found.pid);
        assert.deepEqual([...(await table.titles([found]))], []);
        const foundAgain = await find(second.pid);
        assert.ok(foundAgain);
        assert.notEqual(foundAgain.startTime, found.startTime);
        assert.deepEqual([...(await table.titles([foundAgain]))], [[second.pid, title]]);
      });
    });
  });
}

test('every process is listed, at once and beside other work', { skip }, async () => {
  const { kept } = createProcfsTable();
  const { pid, end } = await startTitled('uapid test (listed)');
  try {
    for (const pids of [kept?.pids(), await kept?.pidsBeside()]) {
      assert.ok(pids?.includes(pid));
      assert.ok(pids?.includes(process.pid));
      assert.ok(pids?.every((each) => Number.isSafeInteger(each) && each > 0));
    }
  } finally {
    await end();
  }
});
