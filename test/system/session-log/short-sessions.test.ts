import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine } from '../../../src/session-log/log-line.ts';
import { startRecorder } from '../../../src/session-log/recorder.ts';
import { timesAsleep } from '../../bench/process-costs.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { readLogLinesNow } from '../../support/log-lines.ts';
import { childrenOf, processStat, titleOf } from '../../support/processes.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { startUapid } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder, type TestUser, users } from '../../support/users.ts';

const skip = needsSandbox();
const { alice, bob } = users;

interface Line {
  readonly event: string;
  readonly pid: number;
  readonly user: string | null;
  readonly owner: number | null;
  readonly address: string | null;
  readonly port: number | null;
  readonly end: string | null;
  readonly ended_by: string | null;
  readonly cause?: string;
  readonly at?: string;
  readonly since?: string;
}

const recorderTitle = 'uapid: session log';

let logs = 0;

/** A server with a session log, and what stands there. */
async function serveLogged(t: TestContext, ...args: string[]) {
  logs += 1;
  const path = join(sandboxFolder, `sessions-${logs}.log`);
  const uapid = await startUapid(['--session-log', path, ...args]);
  t.after(() => uapid.stop());
  return { uapid, path, lines: () => readLogLinesNow<Line>(path) };
}

async function logIn(ftpd: PureFtpd, user: TestUser): Promise<FtpClient> {
  const client = await connectFtp(ftpd);
  await client.login(user.name, user.password);
  return client;
}

async function start(t: TestContext): Promise<PureFtpd> {
  for (const user of [alice, bob]) await makeHome(user, []);
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  return ftpd;
}

/** The recorder is a process of its own: the first session in the log tells that it is at work. */
async function awaitRecorder(ftpd: PureFtpd, lines: () => Line[]): Promise<void> {
  await until(
    async () => {
      await (await logIn(ftpd, bob)).quit();
      return lines().some(({ user }) => user === bob.name);
    },
    { what: 'the recorder is at work', timeoutMs: 20_000 },
  );
}

test('of 100 uploads of 1 kB each connection, user and peer is in the log once, and nothing else, and afterwards nothing wakes the recorder', {
  skip,
}, async (t) => {
  const ftpd = await start(t);
  const { uapid, lines, path } = await serveLogged(t);
  await awaitRecorder(ftpd, lines);
  const ports: number[] = [];
  const visits = async (count: number, name: string) => {
    for (let i = 0; i < count; i += 1) {
      const client = await logIn(ftpd, alice);
      ports.push(client.localPort);
      await (await client.startUpload(name, { bytes: 1_000 })).finish();
      await client.quit();
    }
  };
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => visits(25, name)));
  const ofAlice = () => lines().filter(({ user }) => user === alice.name);
  await until(() => ofAlice().length >= 100, { what: 'all are in the log', timeoutMs: 20_000 });
  assert.deepEqual(
    ofAlice()
      .map(({ port }) => port)
      .sort(),
    ports.sort(),
  );
  assert.deepEqual(
    new Set(ofAlice().map(({ event, address, end }) => `${event} ${address} ${end}`)),
    new Set(['session 127.0.0.1 left']),
  );
  assert.deepEqual(
    lines().filter(({ event }) => event === 'gap'),
    [],
  );
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const recorder = childrenOf(uapid.pid).find(({ pid }) => titleOf(pid) === recorderTitle);
  const isCalm = async () => {
    const before = timesAsleep(recorder?.pid ?? 0);
    await sleep(2_000);
    // Less than a timer of one second makes; Node.js has some of its own, a few a minute.
    return timesAsleep(recorder?.pid ?? 0) - before <= 1;
  };
  await until(isCalm, { what: 'the recorder sleeps' });
});

/** How long 100 log in each second: a minute by UAPID_RUSH_SECONDS=60. */
const { UAPID_RUSH_SECONDS: rushSeconds = '4' } = process.env;

/** That of these connections each is in the log once, and nothing is told to be missing. */
async function assertAll(lines: () => Line[], ports: readonly number[], seconds = 0) {
  const ofAlice = () => lines().filter(({ user }) => user === alice.name);
  await until(() => ofAlice().length >= ports.length, {
    what: `all ${ports.length} are in the log`,
    timeoutMs: 60_000 + seconds * 1000,
  });
  assert.deepEqual(
    ofAlice()
      .map(({ port }) => port)
      .sort(),
    [...ports].sort(),
  );
  assert.deepEqual(
    lines().filter(({ event }) => event === 'gap'),
    [],
  );
}

test('of 300 logins at once, and then of 100 a second, none is lost, and the log is rotated in the middle', {
  skip,
}, async (t) => {
  const ftpd = await start(t);
  const { lines, path } = await serveLogged(t);
  await awaitRecorder(ftpd, lines);
  const ports: number[] = [];
  const all = () => [...readLogLinesNow<Line>(`${path}.1`), ...lines()];
  // All are connected before one logs in, and all are logged in before one leaves. No more wait for the daemon than
  // its queue holds (128): of 300 connections at one go the kernel lost 18 before the daemon had seen them.
  const clients: FtpClient[] = [];
  const connectSome = async () => {
    for (let i = 0; i < 3; i += 1) clients.push(await connectFtp(ftpd));
  };
  await Promise.all(Array.from({ length: 100 }, connectSome));
  t.after(() => {
    for (const client of clients) client.destroy();
  });
  await Promise.all(clients.map((client) => client.login(alice.name, alice.password)));
  ports.push(...clients.map(({ localPort }) => localPort));
  await Promise.all(
    clients.map(async (client, index) => {
      await client.quit();
      if (index === 150) renameSync(path, `${path}.1`);
    }),
  );
  await assertAll(all, ports);
  const seconds = Number(rushSeconds);
  const begunAt = performance.now();
  let begun = 0;
  const visitAll = async () => {
    while (begun < seconds * 100) {
      begun += 1;
      await sleep(Math.max(0, begun * 10 - (performance.now() - begunAt)));
      await visit();
    }
  };
  // A machine at its limit takes longer; it has no more of them at a time than the daemon's queue holds.
  await Promise.all(Array.from({ length: 100 }, visitAll));
  t.diagnostic(`${Math.round((begun * 1000) / (performance.now() - begunAt))} logins a second`);
  await assertAll(all, ports, seconds);

  async function visit(): Promise<void> {
    const client = await logIn(ftpd, alice);
    ports.push(client.localPort);
    await client.quit();
  }
});

test('how a session ended, and whose it was, is in the log; a connection without a login is not', {
  skip,
}, async (t) => {
  const ftpd = await start(t);
  const { uapid, lines } = await serveLogged(t, '--session-log-begin');
  await awaitRecorder(ftpd, lines);
  const begun = async () => {
    const client = await logIn(ftpd, alice);
    const pid = await client.sessionPid();
    const isBegun = (line: Line) => line.event === 'begin' && line.pid === pid;
    const line = await until(() => lines().find(isBegun), { what: 'its begin is in the log' });
    assert.deepEqual([line.user, line.owner, line.address], [alice.name, alice.uid, '127.0.0.1']);
    return { client, pid };
  };
  const ended = (pid: number) =>
    until(() => lines().find((line) => line.event === 'session' && line.pid === pid), {
      what: 'its end is in the log',
      timeoutMs: 20_000,
    });
  (await connectFtp(ftpd)).destroy();
  const left = await begun();
  await left.client.quit();
  assert.equal((await ended(left.pid)).end, 'left');
  const cut = await begun();
  process.kill(cut.pid, 'SIGKILL');
  assert.equal((await ended(cut.pid)).end, 'cut');
  const demanded = await begun();
  const authorization = `Basic ${Buffer.from(`${uapid.user}:${uapid.password}`).toString('base64')}`;
  const call = (name: string) =>
    fetch(`${uapid.url}/execute/Ftp/${name}`, { headers: { authorization } });
  await (await call('list_sessions')).text();
  await (await call(`kill_session?login=${alice.name}`)).text();
  const line = await ended(demanded.pid);
  assert.deepEqual([line.end, line.ended_by, line.owner], ['ended', uapid.user, alice.uid]);
  assert.ok(!lines().some(({ user }) => user === '?'));
});

test('sessions that were there before the recorder are taken in, and a restart is told as a gap', {
  skip,
}, async (t) => {
  const ftpd = await start(t);
  const first = await serveLogged(t);
  await awaitRecorder(ftpd, first.lines);
  const client = await logIn(ftpd, alice);
  await first.uapid.stop();
  const again = await startUapid(['--session-log', first.path]);
  t.after(() => again.stop());
  const isGap = ({ cause }: Line) => cause === 'not-running';
  await until(() => first.lines().some(isGap), { what: 'the gap is told', timeoutMs: 20_000 });
  const port = client.localPort;
  await client.quit();
  const line = await until(() => first.lines().find((each) => each.port === port), {
    what: 'the session is in the log',
  });
  assert.equal(line.user, alice.name);
});

test('a session that a killed master has left behind is in the log when it is over', {
  skip,
}, async (t) => {
  const ftpd = await start(t);
  const { lines } = await serveLogged(t);
  await awaitRecorder(ftpd, lines);
  const client = await logIn(ftpd, alice);
  const pid = await client.sessionPid();
  process.kill(ftpd.pid, 'SIGKILL');
  await until(() => processStat(ftpd.pid) === undefined, { what: 'the master is gone' });
  process.kill(pid, 'SIGKILL');
  const line = await until(() => lines().find((each) => each.pid === pid), {
    what: 'its end is in the log',
    timeoutMs: 30_000,
  });
  assert.deepEqual([line.user, line.end], [alice.name, 'daemon-gone']);
});

test('a session that somebody wanted ended and nobody did has ended by itself', {
  skip,
}, async (t) => {
  const ftpd = await start(t);
  const written: LogLine[] = [];
  const recorder = startRecorder({
    directories: ['/run/pure-ftpd'],
    procRoot: '/proc',
    writesBegin: true,
    lastLineAt: null,
    nameOf: () => null,
    write: (line) => written.push(line),
  });
  t.after(() => recorder.close());
  const find = (event: string) =>
    until(() => written.find((line) => line.event === event), { what: `a line “${event}”` });
  const client = await logIn(ftpd, alice);
  const pid = await client.sessionPid();
  await find('begin');
  const itself = { pid, start: processStat(pid)?.startTime ?? assert.fail() };
  recorder.ending([itself]);
  recorder.spared([itself]);
  await client.quit();
  const line = await find('session');
  assert.equal('end' in line && `${line.end} ${line.ended_by}`, 'left null');
});

test('that the clock was set while somebody was connected is in the log, before his line', {
  skip,
}, async (t) => {
  const ftpd = await start(t);
  const written: LogLine[] = [];
  let offset = 0;
  const recorder = startRecorder({
    directories: ['/run/pure-ftpd'],
    procRoot: '/proc',
    writesBegin: false,
    lastLineAt: null,
    nameOf: () => null,
    write: (line) => written.push(line),
    // A FAKE of the clock that can be set: this process may not set the system's.
    clocks: { wall: () => Date.now() + offset },
  });
  t.after(() => recorder.close());
  for (const hours of [-1, 1]) {
    const client = await logIn(ftpd, alice);
    const pid = await client.sessionPid();
    offset += hours * 3_600_000;
    await client.quit();
    const isOver = () =>
      written.findIndex((line) => line.event === 'session' && line.pid === pid) + 1;
    const place = (await until(isOver, { what: 'the session is in the log' })) - 1;
    const gap = written[place - 1];
    assert.ok(gap?.event === 'gap' && gap.cause === 'clock-set', JSON.stringify(written));
    const span = Date.parse(gap.at) - Date.parse(gap.since ?? '');
    assert.ok(Math.abs(span - 3_600_000) < 2_000, `${span}`);
  }
});

test('after a kill of the recorder the next one tells since when something may be missing', {
  skip,
}, async (t) => {
  const ftpd = await start(t);
  const { uapid, lines } = await serveLogged(t);
  await awaitRecorder(ftpd, lines);
  const recorder = () => childrenOf(uapid.pid).find(({ pid }) => titleOf(pid) === recorderTitle);
  const before = await until(recorder, { what: 'the recorder has its title' });
  const client = await logIn(ftpd, alice);
  process.kill(before.pid, 'SIGKILL');
  const gap = await until(() => lines().find(({ cause }) => cause === 'not-running'), {
    what: 'the gap is told',
    timeoutMs: 20_000,
  });
  assert.ok(gap.since !== undefined && gap.at !== undefined && gap.since < gap.at);
  const { localPort } = client;
  await client.quit();
  await until(() => lines().some(({ port }) => port === localPort), {
    what: 'a session that outlived the recorder is in the log',
  });
  assert.match(uapid.log(), /the recorder of the session log ended and is started again/);
});

test('a session whose record was moved away with its directory is in the log when it is over', {
  skip,
}, async (t) => {
  const ftpd = await start(t);
  const { lines } = await serveLogged(t);
  await awaitRecorder(ftpd, lines);
  const client = await logIn(ftpd, alice);
  const pid = await client.sessionPid();
  renameSync('/run/pure-ftpd', '/run/pure-ftpd-moved');
  t.after(() => rmSync('/run/pure-ftpd-moved', { recursive: true, force: true }));
  mkdirSync('/run/pure-ftpd', { mode: 0o755 });
  await until(() => lines().some(({ cause }) => cause === 'directory-replaced'), {
    what: 'the replacement is told',
  });
  process.kill(pid, 'SIGKILL');
  const line = await until(() => lines().find((each) => each.pid === pid), {
    what: 'its end is in the log',
    timeoutMs: 30_000,
  });
  assert.deepEqual([line.user, line.end], [alice.name, 'cut']);
});
