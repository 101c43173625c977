import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { readStartTime } from '../../../src/os/processes/procfs/facts.ts';
import { gapWarnings } from '../../../src/session-log/history-warnings.ts';
import type { LogLine } from '../../../src/session-log/log-line.ts';
import { settlingMs } from '../../../src/session-log/owner-watch.ts';
import { startRecorder } from '../../../src/session-log/recorder.ts';
import { lookedLine } from '../../../src/session-log/session-line.ts';
import { createSlotEvents } from '../../../src/session-log/slot-events.ts';
import type { LookedSession } from '../../../src/sessions/looked-session.ts';
import { ftpSession } from '../../support/app.ts';
import { type EntryText, entryBytes, scoreboardBytes } from '../../support/proftpd/entry-bytes.ts';
import { until } from '../../support/until.ts';

// A scoreboard has to be root's.
const skip = process.getuid?.() === 0 ? false : 'needs root';

const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** A recorder and a folder in which scoreboards may be. */
function record(t: TestContext, { known = [] as string[], procRoot = '/proc', isNobody = false }) {
  const above = mkdtempSync(join(tmpdir(), 'slot-events-'));
  // For those without root's rights, as is the folder of this run above it.
  chmodSync(above, 0o755);
  chmodSync(tmpdir(), (statSync(tmpdir()).mode & 0o7777) | 0o055);
  const written: LogLine[] = [];
  const start = () =>
    startRecorder({
      directories: [],
      scoreboards: known.map((name) => join(above, name)),
      procRoot,
      writesBegin: true,
      lastLineAt: null,
      nameOf: () => null,
      write: (line) => written.push(line),
    });
  const causes = () => written.flatMap((line) => (line.event === 'gap' ? line.cause : []));
  const users = () => written.flatMap((line) => (line.event === 'begin' ? line.user : []));
  const tells = (user: string) =>
    until(() => users().includes(user), { what: `${user}'s session is told`, timeoutMs: 10_000 });
  let recorder: ReturnType<typeof startRecorder> | null = null;
  t.after(() => {
    recorder?.close();
    rmSync(above, { recursive: true });
  });
  return {
    at: (name: string) => join(above, name),
    begin: () => {
      if (isNobody) process.seteuid?.(65_534);
      try {
        recorder = start();
      } finally {
        if (isNobody) process.seteuid?.(0);
      }
      return recorder;
    },
    written,
    causes,
    users,
    tells,
  };
}

/** Makes an empty scoreboard. */
function makeBoard(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, scoreboardBytes([]), { mode: 0o644 });
  writeFileSync(`${path}.lck`, '', { mode: 0o644 });
}

/** A process that holds a scoreboard as a session does, and what a scan may tell of it. */
function holder(path: string) {
  const files = [openSync(path, 'r+'), openSync(`${path}.lck`, 'r+')];
  const child = spawn('sleep', ['600'], { stdio: ['ignore', ...files], uid: 65_533 });
  children.push(child);
  for (const fd of files) closeSync(fd);
  const pid = child.pid ?? assert.fail('it was not started');
  const startTime = readStartTime('/proc', pid) ?? assert.fail();
  return { pid, looked: ftpSession({ daemon: 'proftpd', pid, startTime, protocol: 'ftp' }) };
}

function putEntries(path: string, ...entries: EntryText[]): void {
  writeFileSync(path, scoreboardBytes(entries.map((entry) => entryBytes(entry))));
}

/** Puts processes into a process table that is a folder, all of which hold a scoreboard; without a uid it cannot be read. */
function procOf(procRoot: string, board: string) {
  const inode = statSync(board).ino;
  return (pid: number, parent: number, uid: number | null) => {
    const folder = join(procRoot, String(pid));
    rmSync(folder, { recursive: true, force: true });
    for (const each of ['fd', 'fdinfo']) mkdirSync(join(folder, each), { recursive: true });
    symlinkSync('/usr/sbin/proftpd', join(folder, 'exe'));
    symlinkSync(board, join(folder, 'fd', '3'));
    writeFileSync(join(folder, 'fdinfo', '3'), `pos:\t0\nflags:\t02\nino:\t${inode}\n`);
    writeFileSync(join(folder, 'stat'), `${pid} (proftpd) S ${parent} ${'0 '.repeat(17)}1 0\n`);
    if (uid === null) return;
    writeFileSync(join(folder, 'status'), `Uid:\t0\t${uid}\t0\t0\nGid:\t0\t0\t0\t0\n`);
  };
}

test('a scoreboard that ProFTPD makes after the recorder began, or anew after a restart, is watched though no scan looks', {
  skip,
}, async (t) => {
  const { at, begin, tells, causes } = record(t, { known: ['run/board'] });
  begin();
  for (const user of ['first', 'second']) {
    makeBoard(at('run/board'));
    putEntries(at('run/board'), { pid: holder(at('run/board')).pid, user });
    await tells(user);
    if (user === 'first') rmSync(at('run'), { recursive: true });
  }
  assert.deepEqual(causes(), ['slots-only', 'looks-only', 'slots-only']);
});

test('of two ProFTPDs whose sessions a scan tells of at once both scoreboards are watched', {
  skip,
}, async (t) => {
  const { at, begin, tells } = record(t, {});
  const recorder = begin();
  for (const name of ['one', 'other']) makeBoard(at(name));
  const sessions = ['one', 'other'].map((name) => holder(at(name)).looked);
  recorder.looked({ daemons: ['proftpd'], sessions });
  putEntries(at('other'), { pid: holder(at('other')).pid, user: 'unseen' });
  await tells('unseen');
});

test('that one of two scoreboards is gone, or that there is another one, is told at once and in each new file', {
  skip,
}, async (t) => {
  const { at, begin, causes } = record(t, { known: ['one', 'other'] });
  for (const name of ['one', 'other', 'third']) makeBoard(at(name));
  const recorder = begin();
  const heads = () => recorder.head().map((line) => line.event === 'gap' && line.cause);
  assert.deepEqual([causes(), heads()], [['slots-only'], ['slots-only']]);
  rmSync(at('other'));
  await until(() => causes().includes('looks-only'), { what: 'the loss is told' });
  assert.deepEqual(heads(), ['looks-only']);
  makeBoard(at('other'));
  await until(() => causes().length === 3, { what: 'it is watched again' });
  assert.deepEqual(heads(), ['slots-only']);
  recorder.looked({ daemons: ['proftpd'], sessions: [holder(at('third')).looked] });
  assert.deepEqual(causes().slice(2), ['slots-only', 'looks-only', 'slots-only']);
});

test('where it may not see whether a session holds the scoreboard, that sessions may be missing is told', {
  skip,
}, (t) => {
  const { at, begin, causes, users } = record(t, { known: ['board'], isNobody: true });
  makeBoard(at('board'));
  putEntries(at('board'), { pid: holder(at('board')).pid });
  const recorder = begin();
  const heads = recorder.head().map((line) => line.event === 'gap' && line.cause);
  assert.deepEqual([users(), causes()], [[], ['slots-only', 'looks-only']]);
  assert.deepEqual(heads, ['looks-only']);
});

test('SFTP sessions, which the scoreboard’s events do not tell of, are told to be missing where it has one', {
  skip,
}, (t) => {
  const { at, begin, causes, users } = record(t, { known: ['board'] });
  makeBoard(at('board'));
  putEntries(at('board'), { pid: holder(at('board')).pid, protocol: 'sftp' });
  const recorder = begin();
  const expected = ['slots-only', 'sftp-looks-only'];
  assert.deepEqual([users(), causes()], [[], expected]);
  const head = recorder.head().flatMap((line) => (line.event === 'gap' ? line : []));
  assert.deepEqual(
    head.map(({ cause }) => cause),
    expected,
  );
  const texts = gapWarnings(head, String).map(({ text }) => text);
  assert.ok(
    texts.some((text) => text.startsWith('SFTP sessions of proftpd are known only')),
    String(texts),
  );
});

test('nor is it promised that all are known where a scan has seen an SFTP session on no scoreboard that is watched', {
  skip,
}, (t) => {
  const { at, begin, causes } = record(t, { known: ['board'] });
  for (const name of ['board', 'other']) makeBoard(at(name));
  const recorder = begin();
  const session = { ...holder(at('other')).looked, protocol: 'sftp' } as const;
  recorder.looked({ daemons: ['proftpd'], sessions: [session] });
  assert.deepEqual(causes(), ['slots-only', 'sftp-looks-only']);
});

test('the owner of a session whose parent is root’s is who it is after the login, and one that stays its daemon’s is known, too', {
  skip,
}, async (t) => {
  const procRoot = mkdtempSync(join(tmpdir(), 'slot-events-proc-'));
  t.after(() => rmSync(procRoot, { recursive: true }));
  const { at, begin, written, tells } = record(t, { known: ['board'], procRoot });
  makeBoard(at('board'));
  const put = procOf(procRoot, at('board'));
  put(1, 0, 0);
  put(2, 1, 33);
  put(71, 1, 33);
  put(72, 2, 33);
  putEntries(at('board'), { pid: 71, user: 'alice' }, { pid: 72, user: 'bob' });
  begin();
  // The recorder has read it once, before the login has come to its end.
  put(71, 1, 1001);
  for (const user of ['alice', 'bob']) await tells(user);
  const owners = written.flatMap((line) =>
    line.event === 'begin' ? [[line.user, line.owner]] : [],
  );
  assert.deepEqual(Object.fromEntries(owners), { alice: 1001, bob: 33 });
});

test('a session whose owner cannot be told is told without one while it lasts, and not looked at any more', {
  skip,
}, (t) => {
  const above = mkdtempSync(join(tmpdir(), 'slot-events-uncertain-'));
  t.after(() => rmSync(above, { recursive: true }));
  const board = join(above, 'board');
  makeBoard(board);
  const put = procOf(above, board);
  put(1, 0, 0);
  put(71, 1, null);
  put(72, 1, 33);
  putEntries(board, { pid: 71, user: 'alice' }, { pid: 72, user: 'bob' });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let time = 0;
  let looks = 0;
  const told: LookedSession[] = [];
  const events = createSlotEvents({
    procRoot: above,
    paths: [board],
    onSession: (session) => told.push(session),
    onSftp: () => undefined,
    onWatched: () => undefined,
    onLost: () => undefined,
    now: () => {
      looks += 1;
      return time;
    },
  });
  t.after(() => events.close());
  // A reading is not further from the next than this, however long it takes.
  const goOn = (ms: number) => {
    time += ms;
    t.mock.timers.tick(60_000);
  };
  for (const uid of [34, 35, 36]) {
    put(72, 1, uid);
    goOn(settlingMs);
  }
  assert.deepEqual(told, []);
  put(72, 1, 37);
  goOn(1);
  const whys = told.map((each) => {
    const { user, owner, why } = lookedLine(each, 'begin', () => null);
    return [user, owner, why['owner']];
  });
  assert.deepEqual(whys, [
    ['alice', null, 'not-certain'],
    ['bob', null, 'not-certain'],
  ]);
  const before = looks;
  goOn(settlingMs);
  assert.equal(looks, before);
});
