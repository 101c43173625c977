import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseStatsLine } from '../../../src/daemons/pure-ftpd/stats-line.ts';
import { sessionLine } from '../../../src/session-log/session-line.ts';
import { createNamedSums } from '../../../src/session-log/transfer-sums.ts';
import { createTransfers, type Transferring } from '../../../src/session-log/transfers.ts';

// The logs of daemons are root's.
const skip = process.getuid?.() === 0 ? false : 'needs root';

const connectedAt = Math.floor(Date.now() / 1000);

/** A session of this process, which holds a log as pure-ftpd does. */
function sessionOf(number: number, address = '192.0.2.7'): Transferring {
  return {
    daemon: 'pure-ftpd',
    master: '1 1',
    seen: 'events',
    process: { pid: process.pid },
    id: () => `${connectedAt.toString(16)}.${number}`,
    user: () => 'alice',
    address: () => address,
    connectedAt: () => connectedAt * 1000,
  };
}

function openLog(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'forged-'));
  const fd = openSync(join(folder, 'stats.log'), 'a', 0o600);
  const transfers = createTransfers('/proc');
  t.after(() => {
    transfers.close();
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  /** One line, as it stands there. */
  const put = (number: number, rest: string) =>
    writeSync(fd, `${connectedAt} ${connectedAt.toString(16)}.${number} ${rest}\n`);
  return { transfers, put };
}

test('a line is a session’s only where its login and peer are that one’s, too, whatever name it bears', {
  skip,
}, (t) => {
  const { transfers, put } = openLog(t);
  const [one, two] = [sessionOf(1), sessionOf(2, '2001:db8::7')];
  for (const each of [one, two]) transfers.begin(each);
  put(1, 'alice 192.0.2.7 U 10 0 /own');
  // What a folder of mallory's is named behind its first line break.
  put(1, 'mallory 192.0.2.7 U 1000 0 /forged');
  put(1, 'alice 198.51.100.9 U 1000 0 /forged');
  put(2, 'alice 2001:DB8:0::7 U 20 0 /own');
  put(2, 'alice client.example U 30 0 /looked-up');
  transfers.read();
  put(1, 'alice 192.0.2.7 U 10 0 /own');
  const told = [one, two].map((each) => {
    const { count, bytes, by, files } = transfers.end(each);
    return [count, bytes, by, files.map(({ file }) => file)];
  });
  assert.deepEqual(told, [
    [2, 20, 'session-id', ['/own', '/own']],
    [2, 50, 'session-id', ['/own', '/looked-up']],
  ]);
});

test('a sum of bytes that a number is not exact to is told as unknown, and the files are counted', {
  skip,
}, (t) => {
  const { transfers, put } = openLog(t);
  const one = sessionOf(1);
  transfers.begin(one);
  put(1, 'alice 192.0.2.7 U 9007199254740991 0 /much');
  put(1, 'alice 192.0.2.7 U 9999999999999999 0 /impossible');
  transfers.read();
  put(1, 'alice 192.0.2.7 U 9007199254740991 0 /more');
  const seen = transfers.end(one);
  assert.deepEqual([seen.count, seen.bytes, seen.why], [2, null, null]);
  const how = { end: 'left', endedAt: 0, by: null, transfers: seen } as const;
  const facts = { pid: 1, start: '1', entry: null, owner: 1001 };
  const { transfers: count, bytes, why } = sessionLine(facts, how, () => null);
  assert.deepEqual(
    [count, bytes, why['transfers'], why['bytes']],
    [2, null, undefined, 'not-certain'],
  );
});

test('lines of sessions that are not there, and those that only bear the name of one that is, are not kept', (t) => {
  const sums = createNamedSums();
  const line = parseStatsLine(`1 1.1 alice 192.0.2.7 U 10 0 /own`) ?? assert.fail();
  const put = (session: string, user: string) => sums.add({ ...line, session, user });
  put('1.1', 'alice');
  put('1.1', 'mallory');
  put('1.2', 'alice');
  const session = (id: string, user: string) => ({
    id: () => id,
    user: () => user,
    address: () => '192.0.2.7',
  });
  const now = Date.now();
  t.mock.method(Date, 'now', () => now + 11_000);
  sums.prune([session('1.1', 'alice')], 10_000);
  const left = [session('1.1', 'mallory'), session('1.2', 'alice')].map((each) => sums.take(each));
  assert.deepEqual(left, [undefined, undefined]);
  put('1.1', 'alice');
  assert.equal(sums.take(session('1.1', 'alice'))?.count, 1);
});
