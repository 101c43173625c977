import assert from 'node:assert/strict';
import {
  closeSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { countForgotten, forgetSessions } from '../../../src/session-log/forget-sessions.ts';
import { lastWrittenAt } from '../../../src/session-log/log-files.ts';
import type { SessionLine } from '../../../src/session-log/log-line.ts';
import { openLogWriter } from '../../../src/session-log/log-writer.ts';
import { beginOf, logText, notRunning, pastSession } from '../../support/history-lines.ts';

const isBobs = ({ user }: SessionLine) => user === 'bob';
const bob = (pid: number, at: string) => pastSession(pid, at, { user: 'bob' });

function pathIn(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'forget-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, path: join(folder, 'sessions.log') };
}

/** The text of all files, and the pids of sessions in it. */
function textOf(folder: string) {
  const files = readdirSync(folder).sort();
  const text = files
    .map((name) => readFileSync(join(folder, name)))
    .map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString())
    .join('');
  const lines = text.split('\n').filter((line) => line !== '');
  return { files, text, lines: lines.map((line) => JSON.parse(line)) };
}

test('one person’s lines go from all files, the others stay, and a line without the name says how many went', async (t) => {
  const { folder, path } = pathIn(t);
  const old = new Date('2026-11-28T01:30:00Z');
  writeFileSync(`${path}.2.gz`, gzipSync(logText(pastSession(1, '01:00:00'), bob(2, '01:10:00'))));
  writeFileSync(`${path}.1`, logText(pastSession(3, '02:00:00')));
  for (const name of [`${path}.2.gz`, `${path}.1`]) utimesSync(name, old, old);
  const begun = beginOf(bob(4, '03:00:00'));
  const cut = logText(bob(9, '03:30:00')).slice(0, 60);
  writeFileSync(
    path,
    `${logText(begun, notRunning('02:00:00', '02:30:00'), bob(4, '03:00:00'))}${cut}\n${logText(pastSession(5, '04:00:00'))}`,
  );
  const untouched = statSync(`${path}.1`).ino;
  assert.equal(await countForgotten(path, isBobs), 3);
  assert.equal(await forgetSessions(path, isBobs), 3);
  const { files, text, lines } = textOf(folder);
  assert.doesNotMatch(text, /bob/);
  const pids = lines.flatMap(({ pid }) => pid ?? []);
  assert.deepEqual(pids.sort(), [1, 3, 5]);
  const gaps = lines.filter(({ event }) => event === 'gap');
  assert.deepEqual(gaps.map(({ cause, count }) => [cause, count]).sort(), [
    ['deleted', 3],
    ['not-running', undefined],
  ]);
  assert.deepEqual(
    files.map((name) => statSync(join(folder, name)).mode & 0o777),
    files.map((name) => (name.endsWith('.1') ? statSync(`${path}.1`).mode & 0o777 : 0o600)),
  );
  // Their age decides when they are removed.
  assert.equal(statSync(`${path}.2.gz`).mtimeMs, old.getTime());
  assert.equal(statSync(`${path}.1`).ino, untouched);
  assert.equal(await forgetSessions(path, isBobs), 0);
});

test('when sessions were recorded for the last time is not when lines were deleted, so that the next server tells since when none was', async (t) => {
  const { path } = pathIn(t);
  const last = new Date('2026-11-28T04:00:00Z');
  writeFileSync(path, logText(bob(1, '01:00:00'), pastSession(2, '03:59:00')));
  utimesSync(path, last, last);
  assert.equal(await forgetSessions(path, isBobs), 1);
  assert.equal(lastWrittenAt(path), last.getTime());
});

test('what a server wrote while lines were deleted is found by its time', async (t) => {
  const { path } = pathIn(t);
  // A recent file is given time to settle.
  const last = new Date(Date.now() - 10_000);
  writeFileSync(path, logText(bob(1, '01:00:00')));
  utimesSync(path, last, last);
  // To the file that took the place of the one that was set aside.
  const late = new Date(last.getTime() + 5_000);
  const settle = async () => {
    writeFileSync(path, logText(pastSession(2, '02:00:00')));
    utimesSync(path, late, late);
  };
  assert.equal(await forgetSessions(path, isBobs, settle), 1);
  assert.ok(statSync(path).mtimeMs >= late.getTime());
});

test('while lines are written none of another’s is lost, and none is there twice', async (t) => {
  const { folder, path } = pathIn(t);
  const writer = openLogWriter({ path, days: 14, onProblem: (error) => assert.fail(`${error}`) });
  let isDone = false;
  let pid = 0;
  const write = async () => {
    for (; !isDone || pid < 200; pid += 2) {
      writer.add(pastSession(pid + 1, '01:00:00'));
      writer.add(bob(pid + 2, '01:00:00'));
      await writer.flushed();
    }
  };
  const writing = write();
  let deleted = 0;
  for (let i = 0; i < 3; i += 1) deleted += await forgetSessions(path, isBobs);
  isDone = true;
  await writing;
  await writer.close();
  deleted += await forgetSessions(path, isBobs);
  const { text, lines } = textOf(folder);
  assert.doesNotMatch(text, /bob/);
  const pids = lines.flatMap((line) => (line.event === 'session' ? line.pid : []));
  const expected = Array.from({ length: pid / 2 }, (_, index) => index * 2 + 1);
  assert.deepEqual(
    pids.sort((a, b) => a - b),
    expected,
  );
  assert.equal(deleted, pid / 2);
});

test('what a writer still writes to the file that it had open is kept, but for what is to go', async (t) => {
  const { folder, path } = pathIn(t);
  writeFileSync(path, logText(pastSession(1, '01:00:00'), bob(2, '01:00:00')));
  const writer = openSync(path, 'a');
  t.after(() => closeSync(writer));
  const late = logText(bob(3, '02:00:00'), pastSession(4, '02:00:00'));
  const settle = async () => void writeSync(writer, late);
  assert.equal(await forgetSessions(path, isBobs, settle), 2);
  const { text, lines } = textOf(folder);
  assert.doesNotMatch(text, /bob/);
  assert.deepEqual(
    lines.flatMap(({ pid }) => pid ?? []),
    [1, 4],
  );
});

test('a file that is being compressed is not touched, and that is an error', async (t) => {
  const { path } = pathIn(t);
  writeFileSync(`${path}.1`, logText(bob(1, '01:00:00')));
  writeFileSync(`${path}.1.gz`, '');
  await assert.rejects(forgetSessions(path, isBobs), /is being compressed: try again/);
});

test('a file that is damaged keeps nobody in the others, and what went is told', async (t) => {
  const { folder, path } = pathIn(t);
  const whole = gzipSync(logText(bob(2, '01:10:00')));
  writeFileSync(`${path}.3`, logText(bob(1, '00:10:00'), pastSession(7, '00:20:00')));
  writeFileSync(`${path}.2.gz`, whole.subarray(0, whole.length - 9));
  writeFileSync(path, logText(bob(3, '02:00:00'), pastSession(4, '02:10:00')));
  await assert.rejects(forgetSessions(path, isBobs), { code: 'Z_BUF_ERROR' });
  rmSync(`${path}.2.gz`);
  const { text, lines } = textOf(folder);
  assert.doesNotMatch(text, /bob/);
  assert.deepEqual(lines.flatMap(({ pid }) => pid ?? []).sort(), [4, 7]);
  assert.deepEqual(
    lines.filter(({ event }) => event === 'gap').map(({ cause, count }) => [cause, count]),
    [['deleted', 2]],
  );
});

test('nothing is written through a link beside the log, nor to what another run writes', async (t) => {
  const { folder, path } = pathIn(t);
  const others = join(folder, 'others');
  for (const plant of [
    (goal: string) => symlinkSync(others, goal),
    (goal: string) => writeFileSync(goal, 'half'),
  ]) {
    writeFileSync(others, 'not the log');
    writeFileSync(`${path}.1`, logText(bob(1, '01:00:00')));
    plant(`${path}.1.forget`);
    await assert.rejects(
      forgetSessions(path, isBobs),
      /by another command, or were when it was cut/,
    );
    assert.equal(readFileSync(others, 'utf8'), 'not the log');
    assert.equal(readFileSync(`${path}.1`, 'utf8'), logText(bob(1, '01:00:00')));
    assert.ok(lstatSync(`${path}.1.forget`));
    rmSync(`${path}.1.forget`);
  }
});
