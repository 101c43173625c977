import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { entryName } from '../../../src/daemons/pure-ftpd/scoreboard.ts';
import { readStartTime } from '../../../src/os/processes/procfs/facts.ts';
import type { LogLine } from '../../../src/session-log/log-line.ts';
import { createRecordNames } from '../../../src/session-log/record-names.ts';
import { startRecorder } from '../../../src/session-log/recorder.ts';
import { originOf } from '../../../src/session-log/tracked.ts';
import { ftpSession } from '../../support/app.ts';
import { until } from '../../support/until.ts';
import { builds, encodeEntry } from '../../system/daemons/pure-ftpd/entry-bytes.ts';

// The directory has to be root's.
const skip = process.getuid?.() === 0 ? false : 'needs root';

/** A process that has the pid, and is none of pure-ftpd's. */
let other: ChildProcess;
const pidOf = ({ pid }: ChildProcess) => pid ?? assert.fail('it was not started');
before(async () => {
  other = spawn('sleep', ['600'], { stdio: 'ignore' });
  await once(other, 'spawn');
});
after(() => other.kill('SIGKILL'));

/** What a session of that pid writes of itself, from that port. */
function recordOf(pid: number, remotePort: number, account = 'alice'): Buffer {
  return encodeEntry(
    {
      state: 1,
      pid,
      remoteAddress: Uint8Array.of(192, 0, 2, 7),
      remotePort,
      localAddress: Uint8Array.of(192, 0, 2, 1),
      localPort: 21,
      connectedAt: 1_790_000_000n,
      transferStartedAt: 0n,
      restartedAt: 0n,
      bytesTotal: 0n,
      bytesMoved: 0n,
      account: Buffer.from(account),
      file: Buffer.alloc(0),
    },
    builds[1],
  );
}

function record(
  t: TestContext,
  prepare: (folder: string) => void = () => {},
  { procRoot = '/proc', isNobody = false } = {},
) {
  const above = mkdtempSync(join(tmpdir(), 'pid-again-'));
  // For those without root's rights, as is the folder of this run above it.
  chmodSync(above, 0o755);
  chmodSync(tmpdir(), (statSync(tmpdir()).mode & 0o7777) | 0o055);
  const folder = join(above, 'pure-ftpd');
  mkdirSync(folder, { mode: 0o755 });
  prepare(folder);
  const written: LogLine[] = [];
  if (isNobody) process.seteuid?.(65_534);
  let recorder: ReturnType<typeof startRecorder>;
  try {
    recorder = startRecorder({
      directories: [folder],
      procRoot,
      writesBegin: true,
      lastLineAt: null,
      nameOf: () => null,
      write: (line) => written.push(line),
    });
  } finally {
    if (isNobody) process.seteuid?.(0);
  }
  t.after(() => {
    recorder.close();
    rmSync(above, { recursive: true });
  });
  const told = () =>
    written.map((line) =>
      line.event === 'gap' ? `${line.cause} ${line.pid}` : `${line.event} ${line.port}`,
    );
  return { folder, recorder, told, written };
}

test('a session that was over before its record could be opened is told as missed, though its pid came again at once', {
  skip,
}, async (t) => {
  const { folder, told } = record(t);
  const pid = pidOf(other);
  const path = join(folder, entryName(pid));
  // All of it before a single event is taken, as on a machine that is at its limit.
  writeFileSync(path, recordOf(pid, 1), { mode: 0o600 });
  rmSync(path);
  writeFileSync(path, recordOf(pid, 2), { mode: 0o600 });
  await until(() => told().length > 1, { what: 'both are told of' });
  assert.deepEqual(told(), [`record-missed ${pid}`, 'begin 2']);
  rmSync(path);
  await until(() => told().length > 2, { what: 'the end of the later one is told' });
  assert.deepEqual(told().slice(2), ['session 2']);
});

test('each of those that were missed is told once, and what follows them is recorded', {
  skip,
}, async (t) => {
  const { folder, told } = record(t);
  const pid = pidOf(other);
  const path = join(folder, entryName(pid));
  for (const port of [1, 2]) {
    writeFileSync(path, recordOf(pid, port), { mode: 0o600 });
    rmSync(path);
  }
  await until(() => told().length === 2, { what: 'they are told of' });
  writeFileSync(path, recordOf(pid, 3), { mode: 0o600 });
  await until(() => told().includes('begin 3'), { what: 'the next one is recorded' });
  rmSync(path);
  await until(() => told().includes('session 3'), { what: 'and its end' });
  const missed = `record-missed ${pid}`;
  assert.deepEqual(told(), [missed, missed, 'begin 3', 'session 3']);
});

test('a record that a crash has left behind is no session of the process that has its pid now', {
  skip,
}, async (t) => {
  const [left, held] = [pidOf(other), process.pid];
  let fd = 0;
  const { folder, told } = record(t, (at) => {
    for (const pid of [left, held]) {
      writeFileSync(join(at, entryName(pid)), recordOf(pid, pid), { mode: 0o600 });
    }
    fd = openSync(join(at, entryName(held)), 'r+');
  });
  t.after(() => closeSync(fd));
  await until(() => told().length > 0, { what: 'the one whose process holds it is taken in' });
  for (const pid of [left, held]) rmSync(join(folder, entryName(pid)));
  await until(() => told().length > 1, { what: 'its end is told' });
  assert.deepEqual(told(), [`begin ${held}`, `session ${held}`]);
});

test('a session that was there before is told to be missing where it may not see whether its process holds the record', {
  skip,
}, (t) => {
  const pid = pidOf(other);
  const { told } = record(
    t,
    (at) => writeFileSync(join(at, entryName(pid)), recordOf(pid, 1), { mode: 0o644 }),
    { isNobody: true },
  );
  assert.deepEqual(told(), [`record-unreadable ${pid}`]);
});

/** A /proc of a single process, whose start and effective uid can be set; null where that cannot be read. */
function fakeProc(t: TestContext, pid: number) {
  const procRoot = mkdtempSync(join(tmpdir(), 'pid-again-proc-'));
  t.after(() => rmSync(procRoot, { recursive: true }));
  const folder = join(procRoot, String(pid));
  const put = (ticks: number, uid: number | null) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'stat'), `${pid} (pure-ftpd) S 1 ${'0 '.repeat(17)}${ticks} 0\n`);
    if (uid === null) return;
    const ids = ['Uid', 'Gid'].map((name) => `${name}:\t0\t${uid}\t0\t0\n`);
    writeFileSync(join(folder, 'status'), ids.join(''));
  };
  return { procRoot, put, end: () => rmSync(folder, { recursive: true }) };
}

/** Whether this process, whose recorder it is, has that file open. */
const holds = (path: string) =>
  readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  });

/** So that timers are due before an event is taken, as on a machine that is at its limit. */
const stall = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test('a session whose record that of the next one with its pid is written over has what its own said', {
  skip,
}, async (t) => {
  const pid = 77;
  const { procRoot, put } = fakeProc(t, pid);
  const { folder, told } = record(t, () => {}, { procRoot });
  const path = join(folder, entryName(pid));
  put(1, 1001);
  writeFileSync(path, recordOf(pid, 1), { mode: 0o600 });
  await until(() => told().includes('begin 1'), { what: 'the first one is recorded' });
  put(2, 1001);
  writeFileSync(path, recordOf(pid, 2), { mode: 0o600 });
  await until(() => told().length === 3, { what: 'the next one is recorded' });
  assert.deepEqual(told().sort(), ['begin 1', 'begin 2', 'session 1']);
});

test('so has one whose owner is still looked for when the next one writes over its record, and its owner is not the next one’s', {
  skip,
}, async (t) => {
  const pid = 77;
  const { procRoot, put } = fakeProc(t, pid);
  const { folder, told, written } = record(t, () => {}, { procRoot });
  const path = join(folder, entryName(pid));
  put(1, 0);
  writeFileSync(path, recordOf(pid, 1), { mode: 0o600 });
  await until(() => holds(path), { what: 'its record is open' });
  put(2, 1001);
  writeFileSync(path, recordOf(pid, 2), { mode: 0o600 });
  stall(600);
  await until(() => told().length === 2, { what: 'both are told of' });
  assert.deepEqual(told().sort(), ['begin 2', 'session 1']);
  const line = written.find(({ event }) => event === 'session');
  assert.ok(line?.event === 'session');
  assert.deepEqual([line.owner, line.why['owner']], [null, 'over-too-soon']);
});

test('root’s rights that a session has for a moment are not its owner’s, and of one that is over too soon it is told why the owner is null', {
  skip,
}, async (t) => {
  const pid = 77;
  const { procRoot, put, end } = fakeProc(t, pid);
  const { folder, told, written } = record(t, () => {}, { procRoot });
  const path = join(folder, entryName(pid));
  const owners = () =>
    written.flatMap((line) =>
      line.event === 'session' ? `${line.owner} ${line.why['owner']}` : [],
    );
  put(1, 0);
  writeFileSync(path, recordOf(pid, 1), { mode: 0o600 });
  await until(() => holds(path), { what: 'its record is open' });
  // The first look, 20 ms after its connection, sees root's rights: timers come in the order of their times.
  await new Promise((resolve) => setTimeout(resolve, 40));
  put(1, 1001);
  await until(() => told().includes('begin 1'), { what: 'its owner is known' });
  end();
  rmSync(path);
  await until(() => told().includes('session 1'), { what: 'its end is told' });
  put(2, null);
  writeFileSync(path, recordOf(pid, 2), { mode: 0o600 });
  await until(() => holds(path), { what: 'the record of the next one is open' });
  end();
  rmSync(path);
  await until(() => told().includes('session 2'), { what: 'its end is told' });
  assert.deepEqual(owners(), ['1001 undefined', 'null over-too-soon']);
});

test('a session whose record cannot be read at its end, and had no login before, is told as unreadable', {
  skip,
}, async (t) => {
  const { folder, told } = record(t);
  const pid = pidOf(other);
  const path = join(folder, entryName(pid));
  for (const isReadable of [true, false]) {
    writeFileSync(path, recordOf(pid, 1, '?'), { mode: 0o600 });
    await until(() => holds(path), { what: 'it is recorded' });
    // As where it was killed while it wrote.
    if (!isReadable) truncateSync(path, 8);
    rmSync(path);
    await until(() => !holds(`${path} (deleted)`), { what: 'its end was taken' });
    if (isReadable) assert.deepEqual(told(), []);
  }
  await until(() => told().length > 0, { what: 'the one that could not be read is told of' });
  assert.deepEqual(told(), [`record-unreadable ${pid}`]);
});

test('a session ended when its record was removed, however late the recorder takes the event', {
  skip,
}, async (t) => {
  const { folder, told, written } = record(t);
  const pid = pidOf(other);
  const path = join(folder, entryName(pid));
  writeFileSync(path, recordOf(pid, 1), { mode: 0o600 });
  await until(() => told().includes('begin 1'), { what: 'it is recorded' });
  const begunAt = Date.now();
  rmSync(path);
  const removedAt = Date.now();
  // The recorder is in this process: it can take nothing meanwhile.
  stall(500);
  await until(() => told().includes('session 1'), { what: 'its end is in the log' });
  const line = written.at(-1);
  const endedAt = Date.parse((line?.event === 'session' && line.ended_at) || '');
  // The kernel tells such times by its ticks.
  assert.ok(endedAt >= begunAt - 20 && endedAt <= removedAt + 20, `${endedAt - removedAt} ms late`);
});

test('a session that is over when the recorder stops is in the log, though nobody has taken the event', {
  skip,
}, async (t) => {
  const { folder, recorder, told, written } = record(t);
  const pid = pidOf(other);
  const path = join(folder, entryName(pid));
  writeFileSync(path, recordOf(pid, 1), { mode: 0o600 });
  await until(() => told().includes('begin 1'), { what: 'it is recorded' });
  rmSync(path);
  recorder.close();
  assert.deepEqual(told(), ['begin 1', 'session 1']);
  assert.equal(
    written.every((line) => line.event !== 'gap'),
    true,
  );
});

test('a session that is to be ended was ended by that, though its end was told of at the same go and first', {
  skip,
}, async (t) => {
  const { folder, recorder, told, written } = record(t);
  const pid = pidOf(other);
  const start = readStartTime('/proc', pid) ?? assert.fail();
  const path = join(folder, entryName(pid));
  writeFileSync(path, recordOf(pid, 1), { mode: 0o600 });
  await until(() => told().includes('begin 1'), { what: 'it is recorded' });
  // Told of each event after the recorder, and before anything else.
  const watcher = watch(folder, (kind) => {
    if (kind !== 'rename') return;
    recorder.ending([{ pid, start }]);
    setTimeout(() => recorder.endedBy({ pid, start }, 'admin'), 10);
  });
  t.after(() => watcher.close());
  rmSync(path);
  await until(() => told().length > 1, { what: 'its end is recorded' });
  const line = written.at(-1);
  assert.equal(line?.event === 'session' && `${line.end} ${line.ended_by}`, 'ended admin');
});

test('each new file has those that are connected, since files from before the time that is asked for are not read', {
  skip,
}, async (t) => {
  const { folder, recorder, told } = record(t);
  const heads = () =>
    recorder
      .head()
      .map((line) => (line.event === 'gap' ? line.cause : `${line.event} ${line.port}`));
  const path = join(folder, entryName(pidOf(other)));
  writeFileSync(path, recordOf(pidOf(other), 1), { mode: 0o600 });
  await until(() => told().includes('begin 1'), { what: 'it is recorded' });
  const startTime = readStartTime('/proc', process.pid) ?? assert.fail();
  const looked = ftpSession({ daemon: 'vsftpd', pid: process.pid, startTime, remotePort: 2 });
  recorder.looked({ daemons: ['vsftpd'], sessions: [looked] });
  assert.deepEqual(heads(), ['looks-only', 'begin 1', 'begin 2']);
  rmSync(path);
  await until(() => told().includes('session 1'), { what: 'its end is told' });
  assert.deepEqual(heads(), ['looks-only', 'begin 2']);
});

test('of a process that was looked at when the record was gone already nothing is a fact of the session', () => {
  const pid = process.pid;
  const start = readStartTime('/proc', pid);
  assert.equal(originOf('/proc', pid, { isRemoved: () => false }).start, start);
  assert.deepEqual(originOf('/proc', pid, { isRemoved: () => true }), {
    start: null,
    masterPid: null,
    masterStart: null,
  });
});

test('a record that was there when the watch began may be told of as made, and then it is not missed', () => {
  const names = createRecordNames();
  names.begin([7]);
  assert.deepEqual(
    [true, false].map((isHeld) => names.take(7, true, isHeld)),
    ['made', 'removed'],
  );
  names.begin([7]);
  assert.equal(names.take(7, true, false), 'removed');
});
