import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, uptime } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogLine, SessionLine } from '../../../src/session-log/log-line.ts';
import { startRecorder } from '../../../src/session-log/recorder.ts';
import { ftpSession } from '../../support/app.ts';
import { until } from '../../support/until.ts';

const pid = 77;

/** A recorder that knows sessions by scans alone, beside a FAKE of /proc: no pid comes again at will. */
function record(t: TestContext) {
  const procRoot = mkdtempSync(join(tmpdir(), 'looked-pid-again-'));
  const written: LogLine[] = [];
  const recorder = startRecorder({
    directories: [],
    procRoot,
    writesBegin: false,
    lastLineAt: null,
    nameOf: () => null,
    write: (line) => written.push(line),
  });
  t.after(() => {
    recorder.close();
    rmSync(procRoot, { recursive: true });
  });
  /** The process of that pid is now the one that started so many ticks after the boot; none for null. */
  const startAt = (ticks: number | null) => {
    rmSync(join(procRoot, String(pid)), { recursive: true, force: true });
    if (ticks === null) return;
    mkdirSync(join(procRoot, String(pid)));
    const stat = `${pid} (vsftpd) S 1 ${'0 '.repeat(17)}${ticks} 0\n`;
    writeFileSync(join(procRoot, String(pid), 'stat'), stat);
  };
  const look = (start: number, facts: Parameters<typeof ftpSession>[0] = {}) =>
    recorder.looked({
      daemons: ['vsftpd'],
      sessions: [
        ftpSession({
          daemon: 'vsftpd',
          pid,
          startTime: String(start),
          user: `u${start}`,
          ...facts,
        }),
      ],
    });
  const sessions = () =>
    written.filter((line): line is SessionLine => line.event === 'session').toReversed();
  const told = () =>
    sessions()
      .map(({ start, user, end }) => `${start} ${user} ${end}`)
      .sort();
  return { recorder, startAt, look, sessions, told };
}

test('a session that a scan tells of when its end is in the log already is there once', async (t) => {
  const { startAt, look, told } = record(t);
  startAt(1);
  look(1);
  startAt(null);
  await until(() => told().length === 1, { what: 'its end is in the log' });
  look(1, { remoteAddress: null });
  startAt(2);
  look(2);
  startAt(null);
  await until(() => told().includes('2 u2 unknown'), { what: 'and that of the next one' });
  assert.deepEqual(told(), ['1 u1 unknown', '2 u2 unknown']);
});

test('a session that is told of later than the next one with its pid has its own facts, and the next one its own', async (t) => {
  const { startAt, look, told } = record(t);
  startAt(2);
  look(2);
  look(1);
  look(1, { ownerUid: 7 });
  look(2);
  assert.deepEqual(told(), ['1 u1 unknown']);
  startAt(null);
  await until(() => told().length > 1, { what: 'the end of the next one is in the log' });
  assert.deepEqual(told(), ['1 u1 unknown', '2 u2 unknown']);
});

test('a session ended before the process began that has its pid, however late that is noticed', async (t) => {
  const { startAt, look, sessions } = record(t);
  // The next one began a second after the boot.
  startAt(1);
  look(1);
  startAt(100);
  await until(() => sessions().length === 1, { what: 'its end is in the log' });
  const [line] = sessions();
  const bootedAt = Date.now() - uptime() * 1_000;
  assert.ok(Date.parse(line?.ended_at ?? '') < bootedAt + 3_000, line?.ended_at ?? '');
});

test('whose pid alone is that of a session which is to be ended was not ended by that', async (t) => {
  const { recorder, startAt, look, told } = record(t);
  startAt(1);
  look(1);
  recorder.ending([{ pid, start: '2' }]);
  recorder.endedBy({ pid, start: '2' }, 'admin');
  startAt(null);
  await until(() => told().length === 1, { what: 'its end is in the log' });
  for (const start of [3, 4]) {
    startAt(start);
    look(start);
    recorder.ending([{ pid, start: `${start}` }]);
  }
  startAt(5);
  look(5);
  assert.equal(told().length, 1, 'both wait until somebody says for whom');
  for (const start of [3, 4]) recorder.endedBy({ pid, start: `${start}` }, 'admin');
  assert.deepEqual(told(), ['1 u1 unknown', '3 u3 ended', '4 u4 ended']);
});
