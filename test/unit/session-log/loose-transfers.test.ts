import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readStartTime } from '../../../src/os/processes/procfs/facts.ts';
import type { LogLine } from '../../../src/session-log/log-line.ts';
import { createLookedSessions } from '../../../src/session-log/looked-sessions.ts';
import { createTransfers, type Transferring } from '../../../src/session-log/transfers.ts';
import { ftpSession } from '../../support/app.ts';
import { until } from '../../support/until.ts';

// The logs of daemons are root's.
const skip = process.getuid?.() === 0 ? false : 'needs root';

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** A line of xferlog(5) that was written so many seconds ago, by UTC. */
function lineOf(user: string, { ago = 0, address = '192.0.2.7' } = {}): string {
  const at = new Date(Date.now() - ago * 1000);
  const [day, time] = [at.getUTCDate(), at.toISOString().slice(11, 19)];
  const date = `Tue ${months[at.getUTCMonth()]} ${String(day).padStart(2)} ${time} ${at.getUTCFullYear()}`;
  return `${date} 0 ${address} 10 /home/${user}/file b _ i r ${user} ftp 0 * c\n`;
}

/** A session of this process, connected so many seconds ago. */
function sessionOf(user: string, seen: 'events' | 'looks', ago = 0): Transferring {
  const connectedAt = Math.floor(Date.now() / 1000 - ago) * 1000;
  return {
    daemon: 'proftpd',
    master: 'proftpd',
    process: { pid: process.pid },
    seen,
    id: () => null,
    user: () => user,
    address: () => '192.0.2.7',
    connectedAt: () => connectedAt,
  };
}

/** A log that this process holds as a daemon does. */
function openLog(t: TestContext, text = '') {
  const folder = mkdtempSync(join(tmpdir(), 'loose-'));
  const fd = openSync(join(folder, 'xferlog'), 'a', 0o600);
  writeSync(fd, text);
  const transfers = createTransfers('/proc');
  t.after(() => {
    transfers.close();
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  return { transfers, put: (more: string) => writeSync(fd, more) };
}

test('transfers of a session that somebody looked at may be those of another that nobody did, and are told so', {
  skip,
}, (t) => {
  const { transfers, put } = openLog(t);
  // Two connections of one client, of which one was looked at.
  const looked = sessionOf('alice', 'looks');
  transfers.begin(looked);
  put(lineOf('alice') + lineOf('alice'));
  const { count, by } = transfers.end(looked);
  assert.deepEqual([count, by], [2, 'looks']);
  const told = sessionOf('bob', 'events');
  transfers.begin(told);
  put(lineOf('bob'));
  assert.equal(transfers.end(told).by, 'time-user-address');
});

test('lines of sessions that nobody looks at are kept for a while and up to a number, whether or not one ends that somebody did', {
  skip,
}, async (t) => {
  const { transfers, put } = openLog(t);
  const looked = sessionOf('alice', 'looks');
  transfers.begin(looked);
  transfers.end(looked);
  let most = 0;
  for (let chunk = 0; chunk < 20; chunk += 1) {
    const before = transfers.waiting();
    put(lineOf(`user${chunk % 3}`).repeat(10_000));
    await until(() => transfers.waiting() !== before, { what: 'it is read' });
    most = Math.max(most, transfers.waiting());
  }
  assert.ok(most >= 10_000 && most <= 20_000, `${most} lines`);
  const now = Date.now();
  t.mock.method(Date, 'now', () => now + 11_000);
  put(lineOf('mallory'));
  await until(() => transfers.waiting() === 0, { what: 'they are dropped and the log is closed' });
});

test('a session that was looked at long after its connection says that earlier transfers may be missing', {
  skip,
}, async (t) => {
  const { transfers, put } = openLog(t);
  const [first, late, other] = [
    sessionOf('bob', 'looks', 60),
    sessionOf('alice', 'looks', 60),
    sessionOf('carol', 'looks', 60),
  ];
  put(lineOf('bob', { ago: 70 }));
  transfers.begin(first);
  put(lineOf('alice', { ago: 30 }));
  transfers.read();
  const now = Date.now();
  t.mock.method(Date, 'now', () => now + 11_000);
  transfers.read();
  transfers.begin(late);
  transfers.begin(other);
  assert.equal(transfers.end(late).why, 'transfer-log-cut');
  assert.deepEqual([transfers.end(other).why, transfers.end(first).why], [null, null]);
});

test('the files of a session that somebody looked at are written down before its end where they are many', {
  skip,
}, async (t) => {
  const { transfers, put } = openLog(t);
  const written: LogLine[] = [];
  const sessions = createLookedSessions({
    procRoot: '/proc',
    writesBegin: false,
    nameOf: () => null,
    write: (line) => written.push(line),
    transfers,
    whenNamed: (_, put) => put(null),
  });
  t.after(() => sessions.close());
  const startTime = readStartTime('/proc', process.pid) ?? assert.fail();
  const connectedAt = Math.floor(Date.now() / 1000);
  const facts = { daemon: 'proftpd', pid: process.pid, startTime, connectedAt };
  sessions.add([ftpSession(facts)]);
  put(lineOf('alice').repeat(600));
  await until(() => written.length > 0, { what: 'they are in the log' });
  const told = written.map((line) => line.event !== 'gap' && [line.event, line.files?.length]);
  assert.deepEqual(told, [
    ['files', 500],
    ['files', 100],
  ]);
});

test('to take in 100 sessions costs little more than to take in one, where the log is long', {
  skip,
}, (t) => {
  const text = lineOf('alice', { ago: 86_400 }).repeat(45_000);
  const cpuOf = (count: number) => {
    const { transfers } = openLog(t, text);
    const from = process.cpuUsage();
    const sessions = Array.from({ length: count }, () => sessionOf('alice', 'looks'));
    for (const each of sessions) transfers.begin(each);
    transfers.read();
    const { user, system } = process.cpuUsage(from);
    transfers.close();
    return user + system;
  };
  cpuOf(1);
  const [one, many] = [cpuOf(1), cpuOf(100)];
  t.diagnostic(`ratio ${(many / one).toFixed(1)}`);
  assert.ok(many < 10 * one, `${many} and ${one} µs`);
});
