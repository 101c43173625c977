import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AnswerLimits, readAnswer } from '../../../src/session-log/history-answer.ts';
import type { GapLine, SessionLine } from '../../../src/session-log/log-line.ts';
import type { HistoryQuery } from '../../../src/sessions/history.ts';
import { day, logText, notRunning, pastSession } from '../../support/history-lines.ts';

const all: HistoryQuery = {
  scope: { kind: 'everybody' },
  login: null,
  from: null,
  since: null,
  until: null,
};
const ofAlice = { kind: 'some', users: [[1001, ['alice']]], logins: [] } as const;

function logOf(t: TestContext, ...lines: readonly (SessionLine | GapLine)[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'history-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'sessions.log');
  writeFileSync(path, logText(...lines));
  return path;
}

async function read(path: string, query: Partial<HistoryQuery> = {}, limits?: AnswerLimits) {
  const answer = await readAnswer(path, { ...all, ...query }, limits);
  assert.ok(answer.kind === 'sessions');
  const { sessions, warnings } = answer;
  return { pids: sessions.map(({ pid }) => pid), warnings };
}

test('of more sessions than an answer holds the newest are told, and that there were more', async (t) => {
  const times = Array.from({ length: 9 }, (_, at) => pastSession(at + 1, `0${at + 1}:00:00`));
  const path = logOf(t, ...times);
  const lineLength = JSON.stringify(times[0]).length;
  const much = 1_000_000;
  const cut = await read(path, {}, { maxSessions: 2, maxLength: much });
  assert.deepEqual(cut.pids, [8, 9]);
  assert.deepEqual(
    cut.warnings.map(({ code }) => code),
    ['history-cut'],
  );
  assert.match(cut.warnings[0]?.text ?? '', /newest 2/);
  const short = await read(path, {}, { maxSessions: much, maxLength: 3 * lineLength + 10 });
  assert.deepEqual(short.pids, [7, 8, 9]);
  const exact = await read(path, {}, { maxSessions: 9, maxLength: much });
  assert.deepEqual([exact.pids.length, exact.warnings], [9, []]);
});

test('gaps in the time that was asked for are told, to an account by the hour and without the number of connections', async (t) => {
  const missed: GapLine = {
    event: 'gap',
    at: `${day}02:00:00.000Z`,
    since: null,
    daemon: 'pure-ftpd',
    cause: 'record-missed',
    pid: 7,
  };
  const path = logOf(t, pastSession(1, '01:00:00'), missed, missed, missed);
  const texts = async (query: Partial<HistoryQuery>) =>
    (await read(path, query)).warnings.map(({ code, text }) => `${code}: ${text}`);
  const when = `history-gap: Sessions may be missing: at ${day}02:00:00.000Z`;
  const over = 'connections were over before the record could be opened.';
  assert.deepEqual(await texts({}), [`${when} 3 ${over}`]);
  const hour = `history-gap: Sessions may be missing: between ${day}02:00:00.000Z and ${day}03:00:00.000Z`;
  assert.deepEqual(await texts({ scope: ofAlice }), [`${hour} some ${over}`]);
  // However narrow the time is that is asked for, when others connected is not to be found by it.
  for (const at of ['02:00:00.001Z', '02:59:59.999Z']) {
    const moment = Date.parse(`${day}${at}`);
    assert.equal((await texts({ scope: ofAlice, since: moment, until: moment })).length, 1);
  }
  assert.deepEqual(await texts({ since: Date.parse(`${day}03:00:00Z`) }), []);
});

test('a log that begins later than what is asked for, or that has nothing, is no promise', async (t) => {
  const path = logOf(t, notRunning('01:00:00', '02:00:00'), pastSession(1, '03:00:00'));
  const codes = async (query: Partial<HistoryQuery>, at = path) =>
    (await read(at, query)).warnings.map(({ code }) => code);
  const before = Date.parse(`${day}00:30:00Z`);
  assert.deepEqual(await codes({ since: before }), ['history-begins', 'history-gap']);
  assert.deepEqual(await codes({ until: before }), ['history-begins']);
  assert.deepEqual(await codes({ since: Date.parse(`${day}02:30:00Z`) }), []);
  assert.deepEqual(await codes({}, logOf(t)), ['history-empty']);
  assert.deepEqual(await codes({}, join(path, '../none/sessions.log')), ['history-empty']);
});

test('a gap that lasts is told for every later time, until the line with its end or the end of its recorder', async (t) => {
  const since = `${day}01:00:00.000Z`;
  const gap = { event: 'gap', daemon: 'pure-ftpd', cause: 'directory-unreadable' } as const;
  const open = { ...gap, at: since, since, open: true } as const;
  const head = { ...open, at: `${day}01:30:00.000Z` };
  const texts = async (path: string, time: string) => {
    const moment = Date.parse(`${day}${time}Z`);
    const { warnings } = await read(path, { since: moment, until: moment });
    return warnings.map(({ code, text }) => `${code}: ${text}`);
  };
  const told = 'pure-ftpd’s scoreboard could not be read, or is not root’s alone.';
  const begin = pastSession(1, '00:00:00');
  for (const lines of [[open], [open, head]]) {
    const path = logOf(t, begin, ...lines);
    assert.deepEqual(await texts(path, '00:30:00'), []);
    assert.deepEqual(await texts(path, '03:00:00'), [
      `history-gap: Sessions may be missing: since ${since} ${told}`,
    ]);
  }
  const end = { ...gap, at: `${day}02:00:00.000Z`, since };
  const span = `between ${since} and ${day}02:00:00.000Z`;
  for (const last of [end, notRunning('01:59:00', '02:00:00')]) {
    const path = logOf(t, begin, open, last);
    assert.deepEqual(await texts(path, '01:30:00'), [
      `history-gap: Sessions may be missing: ${span} ${told}`,
    ]);
    assert.deepEqual(await texts(path, '03:00:00'), []);
  }
});

test('that scans alone told of a daemon’s sessions is told until its scoreboard does, and of no other daemon', async (t) => {
  const at = (time: string) => `${day}${time}.000Z`;
  const gap = (cause: 'looks-only' | 'slots-only', daemon: string, since: string) =>
    ({ event: 'gap', at: at(since), since: at(since), daemon, cause }) as const;
  const first = gap('looks-only', 'proftpd', '01:00:00');
  const path = logOf(
    t,
    pastSession(1, '00:00:00'),
    first,
    gap('looks-only', 'vsftpd', '01:00:00'),
    notRunning('01:10:00', '01:20:00'),
    // As the next recorder has it, and at the head of a file.
    gap('looks-only', 'proftpd', '01:20:00'),
    gap('slots-only', 'proftpd', '02:00:00'),
    gap('slots-only', 'proftpd', '02:00:00'),
    gap('looks-only', 'proftpd', '04:00:00'),
  );
  const told = async (time: string) => {
    const moment = Date.parse(at(time));
    const { warnings } = await read(path, { since: moment, until: moment });
    const texts = warnings.map(({ text }) => text);
    return texts.flatMap(
      (text) => /^Sessions of (\w+) are known (only|by)/.exec(text)?.slice(1).join(' ') ?? [],
    );
  };
  assert.deepEqual(await told('01:05:00'), ['proftpd only', 'vsftpd only']);
  assert.deepEqual(await told('01:30:00'), ['proftpd only', 'vsftpd only']);
  assert.deepEqual(await told('03:00:00'), ['vsftpd only', 'proftpd by']);
  assert.deepEqual(await told('05:00:00'), ['proftpd only', 'vsftpd only']);
});

test('that sessions are left out since nothing proved their login is told of its own, and only to whom bears the login', async (t) => {
  const looked = { daemon: 'vsftpd', owner: 1003, owner_name: 'carol', seen: 'looks' } as const;
  const path = logOf(t, pastSession(1, '01:00:00', { ...looked, user: 'dev@alice.example' }));
  const told = async (logins: readonly string[], query: Partial<HistoryQuery> = {}) => {
    const scope = { kind: 'some', users: [], logins } as const;
    const { pids, warnings } = await read(path, { scope, ...query });
    assert.deepEqual(pids, []);
    return warnings.map(({ code }) => code);
  };
  assert.deepEqual(await told(['*@alice.example']), ['history-unproven']);
  assert.deepEqual(await told(['*@bob.example']), []);
  assert.deepEqual(await told(['*@alice.example'], { from: '198.51.100.1' }), []);
});

test('that sessions are left out is told to whom bears their name where nobody knows whose uid they were, and to nobody else', async (t) => {
  const soon = { owner: null, owner_name: null, why: { owner: 'over-too-soon' } } as const;
  const path = logOf(
    t,
    pastSession(1, '01:00:00', { ...soon, daemon: 'proftpd', user: 'alice' }),
    pastSession(2, '02:00:00', { owner: 1002, owner_name: 'bob', user: 'carol' }),
    pastSession(3, '03:00:00', { owner: 0, owner_name: 'root', user: 'dave' }),
    pastSession(4, '04:00:00', { ...soon, user: null }),
  );
  const told = async (name: string, query: Partial<HistoryQuery> = {}) => {
    const scope = { kind: 'some', users: [[1000, [name]]], logins: [] } as const;
    const { pids, warnings } = await read(path, { scope, ...query });
    assert.deepEqual(pids, []);
    return warnings.map(({ code }) => code);
  };
  assert.deepEqual(await told('alice'), ['history-unproven']);
  assert.deepEqual(await told('alice', { from: '198.51.100.1' }), [], 'it is not asked for');
  for (const name of ['al', 'alice2', 'bob', 'carol', 'dave']) {
    assert.deepEqual(await told(name), [], name);
  }
  const scope = { kind: 'some', users: [[1000, ['alice']]], logins: ['alice'] } as const;
  const { pids, warnings } = await read(path, { scope });
  assert.deepEqual([pids, warnings], [[1], []], 'its login is proven, so nothing is left out');
});
