import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { entryName } from '../../../src/daemons/pure-ftpd/scoreboard.ts';
import type { ProcessTable } from '../../../src/os/processes/process-table.ts';
import type { SessionIdentity } from '../../../src/sessions/identity.ts';
import { localHost } from '../../../src/sessions/identity.ts';
import { everybody, ofUids } from '../../../src/sessions/scope.ts';
import { pureFtpdPrograms } from '../../support/daemons.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { prepareMisbehaviour } from '../../support/misbehaving-sessions.ts';
import { childrenOf, isAlive, processStat, titleOf, uidOf } from '../../support/processes.ts';
import { type PureFtpd, type PureFtpdOptions, startPureFtpd } from '../../support/pure-ftpd.ts';
import { until } from '../../support/until.ts';
import { type TestUser, users } from '../../support/users.ts';
import {
  type Started,
  startTitled,
  startWithPid,
  takePidNext,
} from '../../unit/os/processes/started.ts';
import { describeThroughAll, scoreboardDirs } from '../daemons/pure-ftpd/sources.ts';
import { endAs } from './end-as.ts';
import { endingThrough } from './ending-through.ts';

const { alice, bob } = users;
const anything = { wasListed: () => true };
/** Signals as the session's own user does. */
const stopAs = ({ uid, gid }: TestUser, pid: number) =>
  execFileSync('kill', ['-STOP', String(pid)], { uid, gid });
/** The files of the scoreboard that are this session's. */
const recordsOf = (pid: number) =>
  scoreboardDirs.flatMap((folder) => {
    try {
      return readdirSync(folder).filter((name) => name === entryName(pid));
    } catch {
      return [];
    }
  });

describeThroughAll('ending sessions', (_, table, source) => {
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
    ftpd = await startPureFtpd({ throttle: 300, ...options });
    return ftpd;
  }

  async function connectAndLogin({ name, password }: TestUser): Promise<FtpClient> {
    assert.ok(ftpd);
    const client = await connectFtp(ftpd);
    clients.push(client);
    await client.login(name, password);
    return client;
  }

  async function login(user: TestUser): Promise<{ client: FtpClient; pid: number }> {
    const client = await connectAndLogin(user);
    return { client, pid: await client.sessionPid() };
  }

  /** The identities of those pids, as a snapshot of everybody's sessions shows them. */
  async function show(
    { sessions }: ReturnType<typeof endingThrough>,
    ...pids: readonly number[]
  ): Promise<SessionIdentity[]> {
    const shown = (await sessions.snapshot(everybody)).sessions;
    return pids.map((pid) => {
      const found = shown.find((session) => session.pid === pid);
      assert.ok(found, `session ${pid} is shown`);
      return found;
    });
  }

  const identityOf = async (pid: number) => {
    const { processes } = await table.list();
    const { startTime = '' } = processes.find((process) => process.pid === pid) ?? {};
    return { host: localHost, pid, startTime };
  };

  for (const what of ['waits', 'downloads', 'uploads'] as const) {
    test(`one that ${what} is gone when it is answered, and the others stay`, async () => {
      await serve();
      const host = endingThrough(table);
      const { client, pid } = await login(alice);
      const [second, foreign] = [await login(alice), await login(bob)];
      if (what === 'downloads') await client.startDownload('big.bin');
      if (what === 'uploads') await client.startUpload('up.bin');
      const [identity] = await show(host, pid);
      assert.ok(identity);
      const [result] = await host.ender.end([identity], ofUids([alice.uid]));
      assert.equal(isAlive(pid), false);
      assert.equal(result?.outcome, 'ended');
      const state = { waits: 'idle', downloads: 'download', uploads: 'upload' }[what];
      assert.deepEqual([result.session?.pid, result.session?.state], [pid, state]);
      assert.deepEqual(result.identity, { host: localHost, pid, startTime: identity.startTime });
      const left = (await host.sessions.snapshot(everybody)).sessions.map((session) => session.pid);
      assert.deepEqual(left.sort(), [second.pid, foreign.pid].sort());
      assert.equal((await second.client.command('NOOP')).code, 200);
      assert.equal((await foreign.client.command('NOOP')).code, 200);
      assert.ok(isAlive(ftpd?.pid ?? 0));
    });
  }

  test('one whose daemon sets no titles ends, too, and so does an orphan', async () => {
    await serve({ titlesOff: true });
    const host = endingThrough(table);
    const [one, orphan] = [await login(alice), await login(alice)];
    const identities = await show(host, one.pid, orphan.pid);
    const [first] = await host.ender.end(identities.slice(0, 1), everybody);
    assert.equal(first?.outcome, 'ended');
    process.kill(ftpd?.pid ?? 0, 'SIGKILL');
    await until(() => processStat(orphan.pid)?.parent === 1, { what: 'it is an orphan' });
    const [second] = await host.ender.end(identities.slice(1), everybody);
    assert.deepEqual([second?.outcome, isAlive(orphan.pid)], ['ended', false]);
  });

  test('neither somebody else’s nor one that was never shown gets a signal', async () => {
    await serve();
    const host = endingThrough(table);
    const [own, foreign] = [await login(alice), await login(bob)];
    const identities = await show(host, own.pid, foreign.pid);
    const late = await login(alice);
    const [unseen, unshown] = [identities[1], await identityOf(late.pid)];
    assert.ok(unseen);
    const wrongStart = { host: localHost, pid: own.pid, startTime: `${identities[0]?.startTime}0` };
    const results = await host.ender.end([unseen, unshown, wrongStart], ofUids([alice.uid]));
    assert.deepEqual(
      results.map(({ outcome, session }) => [outcome, session]),
      Array(3).fill(['gone', null]),
    );
    assert.deepEqual(await host.ender.end(identities, ofUids([])), [
      { identity: pick(identities[0]), session: null, outcome: 'gone' },
      { identity: pick(identities[1]), session: null, outcome: 'gone' },
    ]);
    for (const { client } of [own, foreign, late]) {
      assert.equal((await client.command('NOOP')).code, 200);
    }
  });

  test('a master, a helper, a login that is not complete and other programs get none', async () => {
    const { pid: master } = await serve();
    const host = endingThrough(table, anything);
    const { pid, client } = await login(alice);
    const early = await connectFtp(ftpd as PureFtpd);
    clients.push(early);
    await early.command(`USER ${alice.name}`);
    const impostor = await startTitled('pure-ftpd (IDLE)', { uid: alice.uid, gid: alice.gid });
    running.push(impostor);
    const [helper] = childrenOf(pid);
    assert.ok(helper, 'the session has a helper');
    assert.equal(titleOf(helper.pid), 'pure-ftpd (PRIV)');
    const pids = [master, helper.pid, await early.sessionPid(), impostor.pid, process.pid, 1];
    const identities = await Promise.all(pids.map(identityOf));
    const results = await host.ender.end(identities, everybody);
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      pids.map(() => 'gone'),
    );
    assert.ok(pids.every(isAlive));
    assert.equal((await client.command('NOOP')).code, 200);
  });

  test('another process that has the pid of one that was shown gets none', async () => {
    await serve();
    const host = endingThrough(table);
    const { pid, client } = await login(alice);
    const identities = await show(host, pid);
    await client.quit();
    const heir = await startWithPid(pid, () => startTitled('pure-ftpd (IDLE)', alice));
    running.push(heir);
    const [result] = await host.ender.end(identities, everybody);
    assert.equal(result?.outcome, 'gone');
    assert.equal(isAlive(heir.pid), true);
  });

  for (const heirOf of ['the same user', 'another user'] as const) {
    test(`another session, of ${heirOf}, that has the pid of one that was shown gets none`, async () => {
      await serve();
      const host = endingThrough(table);
      const { pid, client } = await login(alice);
      const identities = await show(host, pid);
      await client.quit();
      const heir = await takePid(pid);
      const { name, password, uid } = heirOf === 'the same user' ? alice : bob;
      await heir.login(name, password);
      assert.equal(uidOf(pid), uid);
      const [result] = await host.ender.end(identities, everybody);
      assert.equal(result?.outcome, 'gone');
      assert.equal((await heir.command('NOOP')).code, 200);
      // It can be ended by its own name only.
      const [renamed] = await show(host, pid);
      assert.ok(renamed);
      assert.deepEqual(
        (await host.ender.end([...identities, renamed], ofUids([uid]))).map(
          ({ outcome }) => outcome,
        ),
        ['gone', 'ended'],
      );
    });
  }

  test('a pid that is used again between the last check and the signal is found out', async () => {
    await serve();
    let next = async () => {};
    const host = endingThrough(table, { afterReverifying: () => next() });
    const { pid, client } = await login(alice);
    const identities = await show(host, pid);
    next = async () => {
      await client.quit();
      running.push(await startWithPid(pid, () => startTitled('pure-ftpd (IDLE)', alice)));
    };
    const [result] = await host.ender.end(identities, everybody);
    assert.equal(result?.outcome, 'gone');
    assert.equal(running[0]?.pid, pid);
    assert.equal(isAlive(pid), true);
  });

  test('one whose program anybody may write by now is none any more', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'ender-'));
    t.after(() => rmSync(folder, { recursive: true }));
    chmodSync(folder, 0o755);
    const executable = join(folder, 'pure-ftpd');
    copyFileSync((await pureFtpdPrograms()).pureFtpd, executable);
    chmodSync(executable, 0o755);
    await serve({ executable });
    let next = () => {};
    const host = endingThrough(table, { afterReverifying: async () => next() });
    const { pid, client } = await login(alice);
    const identities = await show(host, pid);
    const outcome = async () => (await host.ender.end(identities, everybody))[0]?.outcome;
    chmodSync(executable, 0o777);
    assert.equal(await outcome(), 'gone');
    chmodSync(executable, 0o755);
    next = () => chmodSync(executable, 0o777);
    assert.equal(await outcome(), 'gone');
    assert.equal((await client.command('NOOP')).code, 200);
    next = () => {};
    chmodSync(executable, 0o755);
    assert.equal(await outcome(), 'ended');
  });

  test('one that its owner has stopped goes on, and ends when it is asked to', async () => {
    await serve();
    const host = endingThrough(table);
    const [stopped, other] = [await login(alice), await login(alice)];
    const identities = await show(host, stopped.pid, other.pid);
    // A stopped process keeps every signal but SIGKILL for later.
    stopAs(alice, stopped.pid);
    await until(() => processStat(stopped.pid)?.state === 'T', { what: 'it is stopped' });
    const results = await host.ender.end(identities, ofUids([alice.uid]));
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ['ended', 'ended'],
    );
    assert.equal(isAlive(stopped.pid), false);
  });

  test('one that does not end when asked is ended by force after the time it was given', async (t) => {
    const misbehaviour = await prepareMisbehaviour(t, alice);
    await serve({ env: misbehaviour.env });
    // As long as the other one may take on a busy machine.
    const timeoutMs = 2_000;
    const host = endingThrough(table, { timeoutMs });
    const [defying, other] = [await login(alice), await login(alice)];
    const identities = await show(host, defying.pid, other.pid);
    await misbehaviour.ignoreEnd(defying.client);
    assert.notEqual(recordsOf(defying.pid).length, 0);
    const askedAt = performance.now();
    const results = await host.ender.end(identities, ofUids([alice.uid]));
    assert.ok(performance.now() - askedAt >= timeoutMs);
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ['killed', 'ended'],
    );
    assert.equal(isAlive(defying.pid), false);
    // The master cleans up behind it.
    await until(() => recordsOf(defying.pid).length === 0, { what: 'its record is gone' });
    assert.equal(isAlive(ftpd?.pid ?? 0), true);
  });

  test('neither SIGCONT nor SIGKILL goes to who has the pid by then', async () => {
    await serve();
    const { pid, client } = await login(alice);
    let next = async () => {};
    const sent: string[] = [];
    /** A FAKE of the moments between the signals, which cannot be met otherwise. */
    const interrupted: ProcessTable = {
      ...table,
      terminate: async (process, signal) => {
        if (signal === 'SIGTERM') {
          await next();
          return 'sent';
        }
        const termination = await table.terminate(process, signal);
        sent.push(`${signal} ${termination}`);
        return termination;
      },
      living: async () => new Set([pid]),
    };
    const host = endingThrough(interrupted, { timeoutMs: 20, killTimeoutMs: 20 });
    const identities = await show(host, pid);
    next = async () => {
      await client.quit();
      running.push(await startWithPid(pid, () => startTitled('pure-ftpd (IDLE)', alice)));
    };
    const [result] = await host.ender.end(identities, everybody);
    assert.deepEqual(sent, ['SIGCONT gone', 'SIGKILL gone']);
    assert.equal(isAlive(pid), true);
    // What still shows after that is told.
    assert.equal(result?.outcome, 'remains');
  });

  test('a hundred end at once, and again there is nobody', async () => {
    await serve();
    const host = endingThrough(table, { timeoutMs: 60_000 });
    // The daemon takes only so many connections that wait.
    for (let count = 0; count < 100; count += 10) {
      await Promise.all(Array.from({ length: 10 }, () => connectAndLogin(alice)));
    }
    const stays = await login(bob);
    const { sessions } = await host.sessions.snapshot(ofUids([alice.uid]));
    const identities = sessions.map(pick);
    assert.equal(identities.length, 100);
    const results = await host.ender.end(identities, ofUids([alice.uid]));
    assert.deepEqual(
      results.map(({ identity, outcome }) => [identity.pid, outcome]),
      identities.map(({ pid }) => [pid, 'ended']),
    );
    assert.ok(identities.every(({ pid }) => !isAlive(pid)));
    const again = await host.ender.end(identities, ofUids([alice.uid]));
    assert.ok(again.every(({ outcome, session }) => outcome === 'gone' && session === null));
    assert.equal((await stays.client.command('NOOP')).code, 200);
  });

  test('without the right to, nobody is ended, and that is told', async () => {
    await serve();
    const [own, foreign] = [await login(alice), await login(bob)];
    const results = await endAs({ uid: 65_534, source, pids: [own.pid, foreign.pid] });
    assert.deepEqual(
      results.map(({ outcome, session }) => [outcome, session?.pid]),
      [
        ['denied', own.pid],
        ['denied', foreign.pid],
      ],
    );
    for (const { client } of [own, foreign]) {
      assert.equal((await client.command('NOOP')).code, 200);
    }
  });

  /** A connection whose process has this pid. */
  async function takePid(pid: number): Promise<FtpClient> {
    await until(() => processStat(pid) === undefined, { what: `pid ${pid} is free` });
    return await until(
      async () => {
        takePidNext(pid);
        const client = await connectFtp(ftpd as PureFtpd);
        clients.push(client);
        if ((await client.sessionPid()) === pid) return client;
        client.destroy();
        return undefined;
      },
      { what: `a session has the pid ${pid}` },
    );
  }
});

function pick(identity: SessionIdentity | undefined): SessionIdentity {
  assert.ok(identity);
  return { host: localHost, pid: identity.pid, startTime: identity.startTime };
}
