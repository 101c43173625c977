import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { GapLine } from '../../../src/session-log/log-line.ts';
import {
  beginOfHistory,
  followHistory,
  readHistory,
} from '../../../src/session-log/read-history.ts';
import type { HistoryQuery } from '../../../src/sessions/history.ts';
import { beginOf, day, logText, notRunning, pastSession } from '../../support/history-lines.ts';
import { until } from '../../support/until.ts';

const all: HistoryQuery = {
  scope: { kind: 'everybody' },
  login: null,
  from: null,
  since: null,
  until: null,
};

const time = (text: string) => Date.parse(`${day}${text}Z`);

function logIn(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'history-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'sessions.log');
}

/** What is told of a log: pids of sessions with their end where it is not `left`, and gaps. */
async function read(path: string, query: Partial<HistoryQuery> = {}) {
  const told: (number | string)[] = [];
  await readHistory(path, { ...all, ...query }, teller(told));
  return told;
}

function teller(told: (number | string)[]) {
  return {
    onSession: ({ pid, end }: { readonly pid: number; readonly end: string | null }) => {
      told.push(end === 'left' ? pid : `${pid} ${end}`);
    },
    onGap: ({ cause }: { readonly cause: string }) => void told.push(cause),
  };
}

/** As logrotate(8) leaves it: oldest compressed. */
function rotated(t: TestContext): string {
  const path = logIn(t);
  const put = (name: string, bytes: string | Buffer, at: string) => {
    writeFileSync(name, bytes);
    utimesSync(name, new Date(time(at)), new Date(time(at)));
  };
  put(`${path}.2.gz`, gzipSync(logText(pastSession(1, '01:00:00'))), '01:01:00');
  put(`${path}.1`, logText(pastSession(2, '02:00:00')), '02:01:00');
  put(path, logText(pastSession(3, '03:00:00')), '03:01:00');
  return path;
}

test('sessions are told newest last, over files that were set aside and compressed', async (t) => {
  const path = rotated(t);
  assert.deepEqual(await read(path), [1, 2, 3]);
  assert.equal(await beginOfHistory(path), time('01:01:00'));
});

const looksOnly: GapLine = {
  event: 'gap',
  at: `${day}00:30:00.000Z`,
  since: `${day}00:30:00.000Z`,
  daemon: 'vsftpd',
  cause: 'looks-only',
};
const deleted: GapLine = { ...looksOnly, daemon: null, cause: 'deleted', count: 1 };

test('what lasts is told of a time after a rotation, until a file says it anew at its beginning', async (t) => {
  const path = logIn(t);
  const put = (name: string, bytes: string | Buffer, at = '01:00:00') => {
    writeFileSync(name, bytes);
    utimesSync(name, new Date(time(at)), new Date(time(at)));
  };
  const [one, two] = [pastSession(1, '00:40:00'), pastSession(2, '04:00:00')];
  const lasting = logText(looksOnly, beginOf(one));
  const since = { since: time('03:00:00') };
  // Nothing was written since, or only by who deleted lines.
  for (const text of ['', logText(deleted)]) {
    put(`${path}.1`, lasting);
    writeFileSync(path, text);
    assert.deepEqual(await read(path, since), ['looks-only', '1 null']);
    rmSync(`${path}.1`);
    put(`${path}.2.gz`, gzipSync(lasting));
    put(`${path}.1`, '', '01:00:01');
    assert.deepEqual(await read(path, since), ['looks-only', '1 null']);
    rmSync(`${path}.2.gz`);
  }
  // The next recorder does not know of it.
  put(`${path}.1`, lasting);
  writeFileSync(path, logText(notRunning('01:00:00', '03:30:00'), two));
  assert.deepEqual(await read(path, since), ['not-running', 2, 'looks-only', '1 unknown']);
  // What is told anew needs no older file, which is not opened: it is damaged.
  put(`${path}.3.gz`, 'no gzip', '00:59:00');
  for (const head of [[looksOnly, beginOf(one)], []]) {
    const begun = head.length === 0 ? [] : ['looks-only', '1 null'];
    const text = logText(...head, two);
    put(`${path}.1`, text);
    for (const last of ['', logText(deleted)]) {
      writeFileSync(path, last);
      assert.deepEqual(await read(path, since), [2, ...begun]);
    }
    rmSync(`${path}.1`);
    put(`${path}.1.gz`, gzipSync(text));
    assert.deepEqual(await read(path, since), [2, ...begun]);
    rmSync(`${path}.1.gz`);
    writeFileSync(path, text);
    assert.deepEqual(await read(path, since), [2, ...begun]);
  }
});

test('a file that is being compressed is read once', async (t) => {
  const path = rotated(t);
  writeFileSync(`${path}.1.gz`, gzipSync(logText(pastSession(2, '02:00:00'))).subarray(0, 20));
  assert.deepEqual(await read(path), [1, 2, 3]);
});

test('a compressed file that is damaged, or has nothing, is an error with its name, not the end of the list', async (t) => {
  const path = rotated(t);
  const damaged = `${path}.2.gz`;
  for (const bytes of [40, 0]) {
    writeFileSync(damaged, gzipSync(logText(pastSession(1, '01:00:00'))).subarray(0, bytes));
    await assert.rejects(read(path), { code: 'Z_BUF_ERROR', path: damaged });
  }
});

test('a session is told of whose connection overlaps the time that was asked for', async (t) => {
  const path = rotated(t);
  assert.deepEqual(await read(path, { since: time('02:00:30') }), [2, 3]);
  assert.deepEqual(await read(path, { since: time('02:01:01') }), [3]);
  assert.deepEqual(await read(path, { until: time('02:00:00') }), [1, 2]);
  const at = time('02:00:59');
  assert.deepEqual(await read(path, { since: at, until: at }), [2]);
});

test('a session whose time of connection nobody knows may have been connected at any time before its end', async (t) => {
  const path = logIn(t);
  const why = { connected_at: 'not-in-record' } as const;
  writeFileSync(path, logText(pastSession(1, '02:00:00', { connected_at: null, why })));
  assert.deepEqual(await read(path, { until: time('01:00:00') }), [1]);
  assert.deepEqual(await read(path, { since: time('03:00:00') }), []);
});

test('logins, their ends, addresses and ranges are found', async (t) => {
  const path = logIn(t);
  writeFileSync(
    path,
    logText(
      pastSession(1, '01:00:00', { user: 'dev@alice.example' }),
      pastSession(2, '02:00:00', { user: 'x"@alice.example', address: '198.51.100.9' }),
      pastSession(3, '03:00:00', { user: 'mail@bob.example', address: '2001:db8::7' }),
      pastSession(4, '04:00:00', { user: null, address: null }),
    ),
  );
  assert.deepEqual(await read(path, { login: 'dev@alice.example' }), [1]);
  assert.deepEqual(await read(path, { login: 'alice.example' }), []);
  assert.deepEqual(await read(path, { login: '*@alice.example' }), [1, 2]);
  assert.deepEqual(await read(path, { login: 'x"@alice.example' }), [2]);
  assert.deepEqual(await read(path, { from: '192.0.2.7' }), [1]);
  assert.deepEqual(await read(path, { from: '192.0.2.0/25' }), [1]);
  assert.deepEqual(await read(path, { from: '0.0.0.0/0' }), [1, 2]);
  assert.deepEqual(await read(path, { from: '2001:DB8::/32' }), [3]);
  for (const wrong of ['192.0.2', '192.0.2.0/33', '::/129', '1.2.3.4/x', '1.2.3.4/8/8', '']) {
    await assert.rejects(read(path, { from: wrong }), RangeError, wrong);
  }
});

test('an account’s are those of its uid under its name of today, and of its logins; root’s are nobody’s', async (t) => {
  const path = logIn(t);
  writeFileSync(
    path,
    logText(
      pastSession(1, '01:00:00'),
      pastSession(2, '02:00:00', { owner_name: 'mallory' }),
      pastSession(3, '03:00:00', { owner: 1002, owner_name: 'bob' }),
      pastSession(4, '04:00:00', { owner: null, owner_name: null, user: 'dev@alice.example' }),
      pastSession(5, '05:00:00', { owner: null, owner_name: null }),
      pastSession(6, '06:00:00', { owner: 0, owner_name: 'root', user: 'dev@alice.example' }),
      pastSession(7, '07:00:00', { owner_name: null }),
      pastSession(8, '08:00:00', { owner: 1003, user: 'x@alice.example.evil' }),
    ),
  );
  const users = [[1001, ['alice']]];
  const read1 = (some: object) =>
    read(path, { scope: { kind: 'some', users: [], logins: [], ...some } });
  assert.deepEqual(await read1({ users }), [1, 7]);
  assert.deepEqual(await read1({ logins: ['*@alice.example'] }), [4]);
  assert.deepEqual(await read1({}), []);
});

test('a login that nothing proved makes a session that was nobody’s but its uid’s and the administrators’', async (t) => {
  const path = logIn(t);
  const looked = { daemon: 'vsftpd', owner: 1003, owner_name: 'carol', user: 'dev@alice.example' };
  writeFileSync(
    path,
    logText(
      pastSession(1, '01:00:00', { ...looked, seen: 'looks', user_proven: false }),
      // As an earlier version wrote it.
      pastSession(2, '02:00:00', { ...looked, seen: 'looks' }),
      pastSession(3, '03:00:00', { ...looked, seen: 'looks', user_proven: true }),
      pastSession(4, '04:00:00', looked),
    ),
  );
  const seenBy = (some: object) =>
    read(path, { scope: { kind: 'some', users: [], logins: [], ...some } });
  assert.deepEqual(await seenBy({ logins: ['*@alice.example'] }), [3, 4]);
  assert.deepEqual(await seenBy({ users: [[1003, ['carol']]] }), [1, 2, 3, 4]);
  assert.deepEqual(await read(path), [1, 2, 3, 4]);
});

test('what is no line is passed over, and a line without an end is one when it is whole', async (t) => {
  const path = logIn(t);
  const one = logText(pastSession(1, '01:00:00'));
  writeFileSync(
    path,
    `\n{"event":"sess\nnull\n7\n${one}${one.slice(0, -1).replace('"pid":1', '"pid":2')}`,
  );
  assert.deepEqual(await read(path), [1, 2]);
});

test('those that have begun and not ended come last, and once', async (t) => {
  const path = logIn(t);
  const [one, two, three, four] = [1, 2, 3, 4].map((pid) => pastSession(pid, `0${pid}:00:00`));
  assert.ok(one && two && three && four);
  const gap = notRunning('02:30:00', '03:30:00');
  writeFileSync(
    path,
    logText(beginOf(one), beginOf(two), one, beginOf(three), gap, beginOf(three), beginOf(four)),
  );
  assert.deepEqual(await read(path), [1, 'not-running', '2 unknown', '3 null', '4 null']);
  assert.deepEqual(await read(path, { since: time('04:30:00') }), ['3 null', '4 null']);
});

test('one that has ended before what is asked for is not open, though its last line is not wanted', async (t) => {
  const path = logIn(t);
  const one = pastSession(1, '01:00:00');
  writeFileSync(path, logText(beginOf(one), one));
  assert.deepEqual(await read(path, { since: time('02:00:00') }), []);
});

test('a gap is told of when it overlaps the time that was asked for', async (t) => {
  const path = logIn(t);
  writeFileSync(path, logText(notRunning('02:00:00', '03:00:00')));
  const at = (text: string) => read(path, { since: time(text), until: time(text) });
  assert.deepEqual(await at('01:59:59'), []);
  assert.deepEqual(await at('02:30:00'), ['not-running']);
  assert.deepEqual(await at('03:00:01'), []);
});

test('a session that ends is told of, also after a rotation and in a file that was truncated', async (t) => {
  const path = logIn(t);
  const line = logText(pastSession(2, '02:00:00'));
  writeFileSync(path, `${logText(pastSession(1, '01:00:00'))}${line.slice(0, 50)}`);
  const told: (number | string)[] = [];
  const stop = new AbortController();
  const reader = { ...teller(told), onCaughtUp: () => void told.push('all') };
  const following = followHistory(path, all, reader, stop.signal);
  const tells = (...what: (number | string)[]) =>
    until(() => String(told) === String(what), { what: `it tells ${what}` });
  await tells(1, 'all');
  appendFileSync(path, line.slice(50));
  await tells(1, 'all', 2);
  renameSync(path, `${path}.1`);
  appendFileSync(`${path}.1`, logText(pastSession(3, '03:00:00')));
  writeFileSync(path, logText(pastSession(4, '04:00:00'), pastSession(5, '05:00:00')));
  await tells(1, 'all', 2, 3, 4, 5);
  truncateSync(path);
  appendFileSync(path, logText(pastSession(6, '06:00:00')));
  await tells(1, 'all', 2, 3, 4, 5, 6);
  // Truncated, and past its old length before anybody looks.
  const later = [7, 8, 9].map((pid) => pastSession(pid, `0${pid}:00:00`));
  writeFileSync(path, logText(...later));
  await tells(1, 'all', 2, 3, 4, 5, 6, 7, 8, 9);
  stop.abort();
  await following;
});
