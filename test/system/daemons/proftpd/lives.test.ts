import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { readAncestry } from '../../../../src/collector/daemon-scan.ts';
import { createProcfsTable } from '../../../../src/os/processes/procfs.ts';
import { identityOf } from '../../../../src/sessions/identity.ts';
import { everybody, ofUids } from '../../../../src/sessions/scope.ts';
import type { Gap } from '../../../../src/sessions/session.ts';
import { onFreePort } from '../../../support/free-port.ts';
import { connectFtp, type FtpClient } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { childrenOf, processStat, titleOf } from '../../../support/processes.ts';
import {
  becomesIdle,
  type Proftpd,
  type ProftpdOptions,
  startProftpd,
} from '../../../support/proftpd.ts';
import { needsSandbox } from '../../../support/sandbox.ts';
import { activateBySocket } from '../../../support/socket-activate.ts';
import { until } from '../../../support/until.ts';
import { sandboxFolder, users } from '../../../support/users.ts';
import { collectThrough, engineOver } from './sources.ts';

const { alice, bob, carol } = users;

describe('the lives of a ProFTPD', { skip: needsSandbox() }, () => {
  const daemons: Proftpd[] = [];
  const clients: FtpClient[] = [];

  async function start(options: ProftpdOptions = {}): Promise<Proftpd> {
    const daemon = await startProftpd(options);
    daemons.push(daemon);
    return daemon;
  }
  async function login(daemon: { host: string; port: number }, user = alice): Promise<FtpClient> {
    const client = await connectFtp(daemon);
    clients.push(client);
    await client.login(user.name, user.password);
    return client;
  }
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    for (const daemon of daemons.splice(0)) await daemon.stop();
  });

  test('show its sessions when the master was killed and begun again, and end them', async () => {
    const scoreboardFile = '/run/proftpd-again.scoreboard';
    const engine = engineOver(createProcfsTable());
    const first = await start({ scoreboardFile });
    const old = await login(first);
    const pid = await old.sessionPid();
    assert.equal((await engine.scan(null)).sessions.length, 1);
    process.kill(first.pid, 'SIGKILL');
    await until(() => processStat(pid)?.parent === 1, { what: 'the session is an orphan' });
    const second = await start({ scoreboardFile });
    await login(second, bob);
    const { sessions, gaps } = await engine.scan(null);
    assert.deepEqual(gaps, []);
    const told = sessions.map((each) => [each.pid === pid, each.user, each.isUserProven]);
    assert.deepEqual(told.sort(), [
      [false, 'bob', true],
      [true, 'alice', true],
    ]);
    const orphan = sessions.find((each) => each.pid === pid);
    assert.ok(orphan);
    const targets = await engine.reverify([identityOf(orphan)], null);
    assert.deepEqual(
      targets.map(({ session, signal }) => [session.pid, session.user, signal]),
      [[pid, 'alice', 'SIGTERM']],
    );
  });

  test('leave no row behind: not of a session that was killed, nor of its pid’s next process', async () => {
    const daemon = await start();
    const table = createProcfsTable();
    const collector = collectThrough(table);
    const client = await login(daemon);
    const pid = await client.sessionPid();
    assert.equal((await collector.snapshot(everybody)).sessions.length, 1);
    process.kill(pid, 'SIGKILL');
    await until(() => processStat(pid) === undefined, { what: 'the session is gone' });
    // Its entry stays until the master scrubs it.
    assert.equal(readFileSync(daemon.scoreboard).readInt32LE(32), pid);
    assert.deepEqual((await collector.snapshot(everybody)).sessions, []);
    const next = await login(daemon, bob);
    await becomesIdle(next);
    // The pid of the next one, as if it had come round: the entry is older than the process.
    const entry = readFileSync(daemon.scoreboard);
    const nextPid = await next.sessionPid();
    for (let at = 32; at < entry.length; at += 624) {
      if (entry.readInt32LE(at) === nextPid) entry.writeBigInt64LE(1n, at + 584);
    }
    writeFileSync(daemon.scoreboard, entry);
    const { sessions, gaps } = await collectThrough(table).snapshot(everybody);
    assert.deepEqual(
      sessions.map(({ user, isUserProven }) => [user, isUserProven]),
      [['bob', false]],
    );
    assert.deepEqual(
      gaps.map(({ cause }) => cause),
      ['proftpd-record-missing'],
    );
  });

  test('show the sessions of several daemons, each with its own records', async () => {
    const [one, two] = [await start({ release: 'own' }), await start({ release: 'trixie' })];
    await login(one);
    await login(two, bob);
    const {
      sessions,
      gaps,
      daemons: seen,
    } = await collectThrough(createProcfsTable()).snapshot(everybody);
    assert.deepEqual(gaps, []);
    const told = sessions.map(({ user, localPort }) => `${user} ${localPort}`);
    assert.deepEqual(told.sort(), [`alice ${one.port}`, `bob ${two.port}`]);
    const ports = seen.flatMap((each) => each.ports ?? []);
    assert.deepEqual(ports.sort(), [one.port, two.port].sort());
  });

  test('show sessions under a super-server, by the scoreboard that proves them', async (t) => {
    const scoreboardFile = '/run/proftpd-inetd.scoreboard';
    const daemon = await start();
    const configuration = join(sandboxFolder, 'inetd.conf');
    const lines = readFileSync(daemon.configuration, 'utf8')
      .replace('ServerType standalone', 'ServerType inetd')
      .replaceAll(/^(?:AuthUserFile|SystemLog|PidFile|AuthOrder) .*$/gm, '')
      .replace(/^ScoreboardFile .*$/m, `ScoreboardFile ${scoreboardFile}`);
    writeFileSync(configuration, lines);
    await daemon.stop();
    const command = [daemon.programs.proftpd, '-q', '-c', configuration];
    const port = await activateBySocket(t, command, daemon.env);
    const client = await login({ host: '127.0.0.1', port });
    const waiting = await connectFtp({ host: '127.0.0.1', port });
    clients.push(waiting);
    const engine = engineOver(createProcfsTable(), [scoreboardFile]);
    const { sessions, gaps } = await engine.scan(null);
    assert.deepEqual(gaps, []);
    assert.deepEqual(
      sessions.map((each) => [each.pid, each.user, each.ownerUid, each.localPort]),
      [[await client.sessionPid(), 'alice', alice.uid, port]],
    );
    // Where nothing proves them they are no sessions, and it is said that something runs.
    const elsewhere = await engineOver(createProcfsTable(), ['/run/none']).scan(null);
    assert.deepEqual(elsewhere.sessions, []);
    const told = (of: readonly Gap[]) => of.map(({ cause, ownerUid }) => [cause, ownerUid]);
    assert.deepEqual(told(elsewhere.gaps), [['session-unproven', alice.uid]]);
    const ofBob = await collectThrough(createProcfsTable(), ['/run/none']).snapshot(
      ofUids([bob.uid]),
    );
    assert.deepEqual(ofBob.gaps, []);
    const [row] = sessions;
    assert.ok(row);
    const targets = await engine.reverify([identityOf(row)], null);
    assert.equal(targets.length, 1);
  });

  test('make no session of a user’s own ProFTPD, of a copy, or of a process with a chosen title', async () => {
    const daemon = await start();
    const folder = mkdtempSync(join(sandboxFolder, 'forged-'));
    chmodSync(folder, 0o777);
    const copy = join(folder, 'proftpd');
    copyFileSync('/bin/sleep', copy);
    chmodSync(copy, 0o755);
    const titles = ['proftpd: carol - 192.0.2.7: IDLE', 'proftpd: (accepting connections)'];
    const forged = titles.map((argv0) =>
      spawn(copy, ['60'], { argv0, uid: carol.uid, gid: carol.gid, stdio: 'ignore' }),
    );
    await until(() => forged.every(({ pid }, index) => titleOf(pid ?? 0) === titles[index]), {
      what: 'the chosen titles show',
    });
    const own = await onFreePort(async (port) => {
      const file = join(folder, 'own.conf');
      const of = readFileSync(daemon.configuration, 'utf8')
        .replaceAll(/^(?:User|Group|AuthUserFile|PidFile|SystemLog).*$/gm, '')
        .replace(/^Port .*$/m, `Port ${port}\nUser carol\nGroup carol\nPidFile ${folder}/pid`)
        .replace(/^ScoreboardFile .*$/m, `ScoreboardFile ${folder}/board/score`);
      writeFileSync(file, of);
      return spawn(daemon.programs.proftpd, ['-n', '-q', '-c', file], {
        env: daemon.env,
        uid: carol.uid,
        gid: carol.gid,
        stdio: 'ignore',
      });
    });
    try {
      const client = await login(daemon);
      for (const table of [createProcfsTable(), { ...createProcfsTable(), kept: null }]) {
        const { sessions, daemons: seen } = await collectThrough(table).snapshot(everybody);
        assert.deepEqual(
          sessions.map(({ pid }) => pid),
          [await client.sessionPid()],
        );
        assert.deepEqual(
          seen.map(({ pid }) => pid),
          [daemon.pid],
        );
      }
    } finally {
      for (const each of [...forged, own]) each.kill('SIGKILL');
    }
  });

  test('give names as they are: blanks, bars, quotes, UTF-8, and what is none', async () => {
    const names = ['two words', 'a|b \'c\' "d"', 'grüße 日本', 'x - 127.0.0.1: IDLE'];
    const invalid = Buffer.from('caf\xe9.bin', 'latin1');
    const files = names.map((name): [string, number] => [name, 2_000_000]);
    await makeHome(alice, [...files, [invalid, 2_000_000]]);
    const daemon = await start({ throttle: 20 });
    const collector = collectThrough(createProcfsTable());
    for (const name of [...names, invalid]) {
      const client = await login(daemon);
      const download = await client.startDownload(name);
      const { sessions, gaps } = await collector.snapshot(everybody);
      const text = typeof name === 'string' ? name : 'caf\uFFFD.bin';
      assert.deepEqual(gaps, []);
      assert.deepEqual(
        sessions.map(({ file, path, state, user }) => [file, path, state, user]),
        [[text, `${alice.home}/${text}`, 'download', 'alice']],
      );
      await download.abort();
      await client.quit();
      await until(() => childrenOf(daemon.pid).length === 0, { what: 'the session is gone' });
    }
  });

  test('name virtual users whole, also those whose names look like titles', async () => {
    const named = (name: string) => ({ name, password: bob.password, owner: bob });
    const names = [
      'x - 127.0.0.1',
      'y - 127.0.0.1 IDLE',
      `${'long'.repeat(12)}@shop.example`,
      '(accepting connections)',
      '(listening for SNMP packets)',
      'grüße@shop.example',
    ];
    const daemon = await start({ virtualUsers: names.map(named) });
    const collector = collectThrough(createProcfsTable());
    for (const name of names) {
      const client = await login(daemon, { ...bob, name });
      const { sessions, gaps } = await collector.snapshot(everybody);
      assert.deepEqual(gaps, []);
      assert.deepEqual(
        sessions.map(({ user, isUserProven, ownerUid }) => [user, isUserProven, ownerUid]),
        [[name, true, bob.uid]],
      );
      await client.quit();
      await until(() => childrenOf(daemon.pid).length === 0, { what: 'the session is gone' });
    }
  });

  test('are read as they are during and after an answer in the midst of a transfer', async () => {
    await makeHome(alice, [['big.bin', 2_000_000]]);
    // An answer of this length waits for a client that does not read.
    const lines = ['SocketOptions sndbuf 8192'];
    const many = join(alice.home, 'many');
    mkdirSync(many);
    for (let i = 0; i < 2_000; i += 1) writeFileSync(join(many, `${'x'.repeat(200)}${i}`), '');
    for (const [titles, chroot] of [
      ['verbose', true],
      ['verbose', false],
      ['terse', true],
      ['terse', false],
    ] as const) {
      const daemon = await start({ throttle: 20, titles, chroot, lines });
      const client = await login(daemon);
      const collector = collectThrough(createProcfsTable());
      const pid = await client.sessionPid();
      const seen: unknown[] = [];
      const look = async () => {
        const { sessions } = await collector.snapshot(everybody);
        const row = sessions.find((each) => each.pid === pid);
        seen.push([row?.state, row?.path, row?.bytesTotal]);
        return row?.command ?? '';
      };
      await client.startDownload('big.bin');
      client.pause();
      const answer = client.command(`STAT ${chroot ? '' : alice.home}/many`);
      await until(async () => (await look()).startsWith('STAT'), { what: 'the session answers' });
      client.resume();
      await answer;
      await look();
      const download = ['download', `${alice.home}/big.bin`, 2_000_000];
      assert.deepEqual(
        seen,
        seen.map(() => download),
      );
    }
  });

  test('are the same in scan after scan while a transfer goes on', async () => {
    await makeHome(alice, [['big.bin', 20_000_000]]);
    const daemon = await start({ throttle: 100 });
    const client = await login(daemon);
    const collector = collectThrough(createProcfsTable());
    const download = await client.startDownload('big.bin');
    const seen: (number | null | undefined)[] = [];
    const rows: unknown[] = [];
    await until(
      async () => {
        const [row] = (await collector.snapshot(everybody)).sessions;
        rows.push([row?.state, row?.file]);
        seen.push(row?.bytesMoved);
        return new Set(seen).size > 5;
      },
      { what: 'the download moves on' },
    );
    assert.deepEqual(
      rows,
      rows.map(() => ['download', 'big.bin']),
    );
    const known = seen.filter((each) => each != null);
    assert.deepEqual(
      known,
      [...known].sort((a, b) => a - b),
    );
    await download.abort();
    await until(
      async () =>
        (await collector.snapshot(everybody)).sessions.every(({ state }) => state === 'idle'),
      { what: 'the session is idle' },
    );
  });

  test('end by the session’s own signal, within the time that it is given', async () => {
    const daemon = await start();
    const client = await login(daemon);
    const pid = await client.sessionPid();
    const table = createProcfsTable();
    const engine = engineOver(table);
    const { sessions } = await engine.scan(null);
    const [target] = await engine.reverify(sessions.map(identityOf), null);
    assert.ok(target);
    assert.ok((await readAncestry([pid], table)).length > 1);
    assert.equal(await table.terminate(target.process, target.signal), 'sent');
    await until(() => processStat(pid) === undefined, { what: 'the session has ended' });
    assert.deepEqual((await engine.scan(null)).sessions, []);
  });
});
