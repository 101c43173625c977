import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lastWrittenAt, listLogFiles } from '../../../src/session-log/log-files.ts';
import { formatLine, type LogLine, parseLine } from '../../../src/session-log/log-line.ts';
import { type LogLimits, openLogWriter } from '../../../src/session-log/log-writer.ts';
import { pastSession } from '../../support/history-lines.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder } from '../../support/users.ts';

const at = '2026-11-29T03:12:00.000Z';
const line = (pid: number) =>
  ({ event: 'gap', at, since: null, daemon: null, cause: 'record-missed', pid }) as const;

function openIn(t: TestContext, limits: Partial<LogLimits> = {}, days = 14) {
  const folder = mkdtempSync(join(tmpdir(), 'session-log-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'sessions.log');
  const problems: unknown[] = [];
  const open = () =>
    openLogWriter({ path, days, limits, onProblem: (error) => problems.push(error) });
  return { folder, path, problems, open };
}

const pidsIn = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .map(parseLine)
    .flatMap((each) => (each?.event === 'gap' && each.pid !== undefined ? [each.pid] : []));

test('lines go on in a file that took the place of one that was rotated, and its mode is 0600', async (t) => {
  const { path, open } = openIn(t);
  const writer = open();
  writer.add(line(1));
  await writer.flushed();
  renameSync(path, `${path}.1`);
  writeFileSync(path, '', { mode: 0o644 });
  writer.add(line(2));
  await writer.close();
  assert.deepEqual([pidsIn(`${path}.1`), pidsIn(path)], [[1], [2]]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a line that a crash has cut does not swallow the next one', async (t) => {
  const { path, open } = openIn(t);
  writeFileSync(path, '{"event":"sess');
  const writer = open();
  writer.add(line(3));
  await writer.close();
  assert.deepEqual(pidsIn(path), [3]);
});

test('a file that has grown too long is set aside, and one that is too old is removed', async (t) => {
  const { path, open } = openIn(t, { maxBytes: 1 }, 14);
  const old = `${path}-20261101T000000Z`;
  writeFileSync(old, '');
  const days = (count: number) => new Date(Date.now() - count * 86_400_000);
  utimesSync(old, days(15), days(15));
  const kept = `${path}.2.gz`;
  writeFileSync(kept, '');
  utimesSync(kept, days(13), days(13));
  const writer = open();
  for (const pid of [1, 2]) {
    writer.add(line(pid));
    await writer.flushed();
  }
  await writer.close();
  const files = listLogFiles(path).map((file) => file.path);
  assert.equal(files.length, 3);
  assert.deepEqual([files[0], files[2]], [kept, path]);
  assert.deepEqual([pidsIn(files[1] ?? ''), pidsIn(path)], [[1], [2]]);
});

test('what cannot be written waits, and what is too much is counted in the log', async (t) => {
  const { folder, path, problems, open } = openIn(t, { maxWaiting: 2, retryMs: 1 });
  // Its folder is gone, and is made again later.
  rmSync(folder, { recursive: true });
  const writer = open();
  problems.length = 0;
  for (const pid of [1, 2, 3, 4]) writer.add(line(pid));
  await writer.flushed();
  assert.equal(problems.length, 1);
  mkdirSync(folder);
  await writer.close();
  assert.deepEqual(pidsIn(path), [1, 2]);
  const last = parseLine(readFileSync(path, 'utf8').trimEnd().split('\n').at(-1) ?? '');
  assert.equal(last?.event === 'gap' && `${last.cause} ${last.count}`, 'lines-lost 2');
});

test('long lines that cannot be written wait up to so many bytes, and what is more is counted in the log', async (t) => {
  const { folder, path, open } = openIn(t, { retryMs: 1, maxBytes: 2 ** 30 });
  rmSync(folder, { recursive: true });
  const writer = open();
  const file = { at, direction: 'upload', bytes: 1, seconds: 1, whole: true } as const;
  const long = pastSession(1, '01:00:00', { files: [{ ...file, file: 'x'.repeat(1024 * 1024) }] });
  for (let count = 0; count < 2_000; count += 1) writer.add(long);
  await writer.flushed();
  mkdirSync(folder);
  await writer.flushed();
  // What was written makes room again.
  writer.add(line(7));
  await writer.close();
  const kept = statSync(path).size / 1024 / 1024;
  assert.ok(kept > 63 && kept < 66, `${kept} MiB`);
  const [last = '', next = ''] = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-2);
  const gap = parseLine(last);
  assert.equal(gap?.event === 'gap' && `${gap.cause} ${gap.count}`, 'lines-lost 1936');
  assert.match(next, /record-missed/);
});

test('a file of an earlier process that is too old is set aside, also when nobody connects', async (t) => {
  const { path, open } = openIn(t, { maxAgeMs: 0 });
  writeFileSync(path, '{"event":"begin"}\n');
  const old = new Date(Date.now() - 1_000);
  utimesSync(path, old, old);
  await open().close();
  const files = listLogFiles(path);
  assert.equal(files.length, 1);
  assert.notEqual(files[0]?.path, path);
});

test('when the last line was written is not when logrotate made a new file', (t) => {
  const { path } = openIn(t);
  assert.equal(lastWrittenAt(path), null);
  writeFileSync(`${path}.1`, '{}\n');
  utimesSync(`${path}.1`, new Date(at), new Date(at));
  writeFileSync(path, '');
  assert.equal(lastWrittenAt(path), Date.parse(at));
});

test('a file that was set aside before the clock was set back does not tell when the last line was written, where there is a later one', (t) => {
  const { path } = openIn(t);
  const toCome = new Date('2096-11-29T03:12:00.000Z');
  writeFileSync(`${path}.1`, '{}\n');
  utimesSync(`${path}.1`, toCome, toCome);
  assert.equal(lastWrittenAt(path), toCome.getTime());
  writeFileSync(path, '{}\n');
  utimesSync(path, new Date(at), new Date(at));
  assert.equal(lastWrittenAt(path), Date.parse(at));
});

test('what stands first in each file is written, once, to one that somebody else began, too, and to one that was truncated', async (t) => {
  const { path } = openIn(t);
  const onProblem = (error: unknown) => assert.fail(String(error));
  const writer = openLogWriter({ path, days: 14, onProblem, head: () => [line(100)] });
  const add = async (pid: number) => {
    writer.add(line(pid));
    await writer.flushed();
  };
  await add(1);
  await add(2);
  renameSync(path, `${path}.1`);
  writeFileSync(path, formatLine(line(50)));
  await add(3);
  await add(4);
  assert.deepEqual(
    [pidsIn(`${path}.1`), pidsIn(path)],
    [
      [100, 1, 2],
      [50, 100, 3, 4],
    ],
  );
  truncateSync(path);
  await add(5);
  await add(6);
  assert.deepEqual(pidsIn(path), [100, 5, 6]);
  // Somebody who truncates may leave a line without its end.
  truncateSync(path, 5);
  await add(7);
  await writer.close();
  assert.deepEqual(pidsIn(path), [100, 7]);
});

/** A log on a file system that has room for two pages of it, until that is given back. */
function openOnFullDisk(t: TestContext, head: () => readonly LogLine[] = () => []) {
  const folder = mkdtempSync(join(sandboxFolder, 'full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  t.after(() => execFileSync('umount', [folder]));
  const path = join(folder, 'sessions.log');
  const problems: unknown[] = [];
  const onProblem = (error: unknown) => problems.push(error);
  const writer = openLogWriter({ path, days: 14, limits: { retryMs: 5 }, onProblem, head });
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(64 * 1024 - fullBytes));
  return { path, problems, writer, giveBack: () => rmSync(ballast) };
}

const fullBytes = 8_192;

test('a line of which the disk had no room for the end alone is there once', {
  skip: needsSandbox(),
}, async (t) => {
  const { path, problems, writer, giveBack } = openOnFullDisk(t);
  const bare = formatLine(pastSession(1, '01:00:00', { user: '' })).length;
  writer.add(pastSession(1, '01:00:00', { user: 'x'.repeat(fullBytes + 1 - bare) }));
  writer.add(pastSession(2, '01:00:00'));
  await until(() => problems.length > 0, { what: 'the disk is full' });
  assert.equal(statSync(path).size, fullBytes);
  giveBack();
  const pids = () =>
    readFileSync(path, 'utf8')
      .split('\n')
      .map(parseLine)
      .flatMap((each) => (each?.event === 'session' ? each.pid : []));
  await until(() => pids().includes(2), { what: 'both are written' });
  await writer.close();
  assert.deepEqual(pids(), [1, 2]);
});

test('what stands first in a file is there whole before its first session, though the disk had no room for it at once', {
  skip: needsSandbox(),
}, async (t) => {
  const head = Array.from({ length: 200 }, (_, index) => line(1_000 + index));
  const { path, problems, writer, giveBack } = openOnFullDisk(t, () => head);
  writer.add(line(1));
  await until(() => problems.length > 0, { what: 'the disk is full' });
  giveBack();
  await until(() => pidsIn(path).includes(1), { what: 'it is written' });
  await writer.close();
  const before = pidsIn(path).slice(0, pidsIn(path).indexOf(1));
  assert.deepEqual(
    new Set(before),
    new Set(head.map(({ pid }) => pid)),
    'some may be there twice, none is missing',
  );
});

test('on a disk that is full nothing is lost that fits into memory, and no line is there twice', {
  skip: needsSandbox(),
}, async (t) => {
  const { path, problems, writer, giveBack } = openOnFullDisk(t);
  const pids = Array.from({ length: 200 }, (_, index) => index + 1);
  for (const pid of pids) writer.add(line(pid));
  await until(() => problems.length > 0, { what: 'the disk is full' });
  assert.ok(pidsIn(path).length < 200);
  giveBack();
  await until(() => pidsIn(path).length >= 200, { what: 'all are written' });
  await writer.close();
  assert.deepEqual(pidsIn(path), pids);
  assert.equal(problems.length, 1);
});
