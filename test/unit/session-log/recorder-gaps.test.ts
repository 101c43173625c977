import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogLine } from '../../../src/session-log/log-line.ts';
import { startRecorder } from '../../../src/session-log/recorder.ts';
import { until } from '../../support/until.ts';

// The directory has to be root's.
const skip = process.getuid?.() === 0 ? false : 'needs root';

/** A recorder beside a folder in which pure-ftpd's scoreboard may be, and the gaps that it tells. */
function record(
  t: TestContext,
  { mode, lastLineAt = null }: { mode?: number; lastLineAt?: number | null },
) {
  const above = mkdtempSync(join(tmpdir(), 'recorder-gaps-'));
  const folder = join(above, 'pure-ftpd');
  if (mode !== undefined) {
    mkdirSync(folder);
    chmodSync(folder, mode);
  }
  const written: LogLine[] = [];
  const recorder = startRecorder({
    directories: [folder],
    procRoot: '/proc',
    writesBegin: false,
    lastLineAt,
    nameOf: () => null,
    write: (line) => written.push(line),
  });
  t.after(() => {
    recorder.close();
    rmSync(above, { recursive: true });
  });
  const tellOf = (line: LogLine) =>
    line.event === 'gap' ? `${line.cause}${line.open === true ? ' lasts' : ''}` : line.event;
  const gaps = () => written.map(tellOf);
  const tells = (...what: string[]) =>
    until(() => String(gaps()) === String(what), { what: `it tells ${what}` });
  return { recorder, folder, written, gaps, tells, head: () => recorder.head().map(tellOf) };
}

test('since when a scoreboard cannot be read is told at once and at the head of each file, and its end when it is over', {
  skip,
}, async (t) => {
  const { folder, written, tells, head } = record(t, { mode: 0o777 });
  await tells('directory-unreadable lasts');
  assert.deepEqual(head(), ['directory-unreadable lasts']);
  chmodSync(folder, 0o755);
  await tells('directory-unreadable lasts', 'directory-unreadable');
  const [begin, end] = written;
  assert.ok(begin?.event === 'gap' && end?.event === 'gap' && begin.since === end.since);
  assert.ok(end.since !== null && end.since <= end.at);
  assert.deepEqual(head(), []);
  rmSync(folder, { recursive: true });
  await tells('directory-unreadable lasts', 'directory-unreadable', 'directory-replaced lasts');
  assert.deepEqual(head(), ['directory-replaced lasts']);
});

test('that there is no scoreboard is told once a scan has seen a pure-ftpd, and not of a host without one', {
  skip,
}, async (t) => {
  const { recorder, folder, gaps, tells, head } = record(t, {});
  recorder.looked({ daemons: ['proftpd'], sessions: [] });
  assert.deepEqual([gaps(), head()], [['looks-only'], ['looks-only']]);
  recorder.looked({ daemons: ['proftpd', 'pure-ftpd'], sessions: [] });
  await tells('looks-only', 'directory-absent lasts');
  assert.deepEqual(head(), ['looks-only', 'directory-absent lasts']);
  mkdirSync(folder);
  await tells('looks-only', 'directory-absent lasts', 'directory-absent');
  const quiet = record(t, {});
  quiet.recorder.looked({ daemons: ['proftpd'], sessions: [] });
  mkdirSync(quiet.folder);
  // A record that is gone at once tells that it is watched.
  const isWatched = () => {
    const record = join(quiet.folder, 'client-00000001');
    writeFileSync(record, '');
    rmSync(record);
    return quiet.gaps().some((gap) => gap.startsWith('record-'));
  };
  await until(isWatched, { what: 'it is watched' });
  assert.ok(!quiet.gaps().some((gap) => gap.startsWith('directory-')), String(quiet.gaps()));
});

test('a scoreboard that is gone with its pure-ftpd is told until a scan has seen that there is none, and again with the next one', {
  skip,
}, async (t) => {
  const { recorder, folder, tells, head } = record(t, { mode: 0o755 });
  recorder.looked({ daemons: ['pure-ftpd'], sessions: [] });
  rmSync(folder, { recursive: true });
  await tells('directory-replaced lasts');
  recorder.looked({ daemons: [], sessions: [] });
  await tells('directory-replaced lasts', 'directory-replaced');
  assert.deepEqual(head(), []);
  recorder.looked({ daemons: ['pure-ftpd'], sessions: [] });
  await tells('directory-replaced lasts', 'directory-replaced', 'directory-absent lasts');
  assert.deepEqual(head(), ['directory-absent lasts']);
});

test('that nothing was recorded before the start is told also on a host without pure-ftpd', (t) => {
  const lastLineAt = Date.now() - 60_000;
  const { written } = record(t, { lastLineAt });
  const [gap, ...others] = written;
  assert.ok(gap?.event === 'gap' && gap.cause === 'not-running' && others.length === 0);
  assert.equal(gap.since, new Date(lastLineAt - 11_000).toISOString());
});

test('a last line from later than now tells that the clock was set back meanwhile', (t) => {
  const lastLineAt = Date.now() + 3_600_000;
  const { written } = record(t, { lastLineAt });
  const [jump, gap] = written;
  assert.ok(jump?.event === 'gap' && jump.cause === 'clock-set');
  assert.equal(jump.at, new Date(lastLineAt).toISOString());
  assert.ok(gap?.event === 'gap' && gap.cause === 'not-running' && gap.since === null);
  assert.equal(jump.since, gap.at);
});
