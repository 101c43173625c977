import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { GapLine, SessionLine } from '../../../src/session-log/log-line.ts';
import { addAccount } from '../../support/add-account.ts';
import { plainEnv, program, runUapid } from '../../support/cli-run.ts';
import { day, logText, notRunning, pastSession } from '../../support/history-lines.ts';
import { until } from '../../support/until.ts';

const env = { TZ: 'UTC' };

function prepare(t: TestContext, ...lines: readonly (SessionLine | GapLine)[]) {
  const stateDir = mkdtempSync(join(tmpdir(), 'history-'));
  t.after(() => rmSync(stateDir, { recursive: true, force: true }));
  const path = join(stateDir, 'sessions.log');
  writeFileSync(path, logText(...lines));
  const args = ['history', '--state-dir', stateDir, '--session-log', path];
  return {
    stateDir,
    path,
    args,
    run: (...more: string[]) => runUapid([...args, ...more], { env }),
  };
}

test('the table has who was connected from where and when, newest last', async (t) => {
  const { run } = prepare(
    t,
    pastSession(11, '01:00:00', { user: 'a\u001b[31m', end: 'ended', ended_by: 'rita' }),
    pastSession(12, '02:00:00', {
      owner: null,
      owner_name: null,
      end: 'cut',
      transfers: 2,
      bytes: 1_572_864,
    }),
  );
  const { code, stdout, stderr } = await run();
  assert.deepEqual([code, stderr], [0, '']);
  assert.deepEqual(stdout.split('\n'), [
    'CONNECTED            FOR  USER       OWNER  FROM       FILES    BYTES  END            PID',
    '2026-11-28 01:00  1m 00s  a\\x1b[31m  alice  192.0.2.7      -        -  ended by rita   11',
    '2026-11-28 02:00  1m 00s  alice      -      192.0.2.7      2  1.57 MB  cut             12',
    '',
  ]);
});

test('--file finds sessions by a part of a path, and --files shows what each has transferred', async (t) => {
  const file = { at: `${day}02:00:30.000Z`, direction: 'upload' as const, bytes: 5, seconds: 0 };
  const { run } = prepare(
    t,
    pastSession(11, '01:00:00'),
    pastSession(12, '02:00:00', {
      transfers: 1,
      bytes: 5,
      files: [{ ...file, whole: false, file: '/www/index\u001b.php' }],
    }),
  );
  const { stdout } = await run('--file', 'www/index', '--files');
  assert.deepEqual(
    stdout
      .split('\n')
      .slice(1)
      .map((line) => line.replace(/ +/g, ' ')),
    [
      '2026-11-28 02:00 1m 00s alice alice 192.0.2.7 1 5 B left 12',
      ' 2026-11-28 02:00 upload 5 bytes, broken off: /www/index\\x1b.php',
      '',
    ],
  );
  assert.equal((await run('--file', 'nowhere')).stdout, 'No sessions.\n');
});

test('JSON has the lines of the log that were asked for', async (t) => {
  const wanted = pastSession(12, '02:00:00');
  const { run } = prepare(
    t,
    pastSession(11, '01:00:00'),
    wanted,
    notRunning('05:00:00', '06:00:00'),
  );
  const { stdout, stderr } = await run('--json', '--at', `${day}02:00:10Z`, '--login', 'alice');
  assert.deepEqual([stdout, stderr], [logText(wanted), '']);
});

test('what may be missing is a warning: gaps, and a time from before the log', async (t) => {
  const { run } = prepare(t, notRunning('01:00:00', '02:00:00'), pastSession(11, '03:00:00'));
  const { code, stderr } = await run('--since', '2026-11-27');
  assert.equal(code, 0);
  assert.match(stderr, /^uapid: warning: The session log begins 2026-11-28 02:00\.$/m);
  assert.match(stderr, /Sessions may be missing: between 2026-11-28 01:00 and 2026-11-28 02:00/);
});

test('an account’s sessions alone are shown with --account, and none of an account that is nobody', async (t) => {
  const { run, stateDir } = prepare(
    t,
    pastSession(11, '01:00:00', { user: 'dev@alice.example' }),
    pastSession(12, '02:00:00', { user: 'dev@bob.example' }),
  );
  addAccount(stateDir, 'shop', 'a-long-password-1', { ftpLogins: ['*@alice.example'] });
  const { stdout } = await run('--json', '--account', 'shop');
  assert.equal(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).pid)
      .join(),
    '11',
  );
  const { code, stderr } = await run('--account', 'nobody-there');
  assert.deepEqual([code, stderr], [3, 'uapid: there is no account "nobody-there"\n']);
});

test('what makes no sense is told in a sentence, with the exit code for it', async (t) => {
  const { run, path } = prepare(t);
  symlinkSync(path, `${path}-link`);
  for (const [args, code, message] of [
    [['--session-log', `${path}-link`], 1, /-link is a symbolic link, which is not followed$/m],
    [['--since', 'yesterday'], 2, /"yesterday" is no time; write it as 2d/],
    [['--from', '192.0.2'], 2, /"192.0.2" is no IP address and no range/],
    [['--at', '1h', '--since', '2h'], 2, /--at goes without/],
    [['--since', '1h', '--until', '2h'], 2, /--until is before --since/],
    [['--session-log', 'none'], 2, /no session log is kept: start the server with --session-log/],
    [['--session-log', `${path}-dir/x`], 1, /there is no session log .*-dir\/x$/m],
  ] as const) {
    const result = await run(...args);
    assert.deepEqual([result.code, result.stdout], [code, ''], String(args));
    assert.match(result.stderr, message);
  }
  const { code, stdout, stderr } = await run();
  assert.deepEqual([code, stdout], [0, 'No sessions.\n']);
  assert.match(stderr, /warning: There is nothing in the session log yet/);
});

test('forget counts the lines of one person, and deletes them with --yes', async (t) => {
  const { run, args } = prepare(
    t,
    pastSession(11, '01:00:00', { user: 'bob' }),
    pastSession(12, '02:00:00'),
  );
  const forget = (...more: string[]) =>
    runUapid(['history', 'forget', ...args.slice(1), ...more], { env });
  const whose = await forget('--yes');
  assert.equal(whose.code, 2);
  assert.match(whose.stderr, /name whose lines are to go/);
  const timed = await forget('--yes', '--login', 'bob', '--since', '1h');
  assert.deepEqual([timed.code, timed.stderr], [2, 'uapid: --since goes without forget\n']);
  const counted = await forget('--login', 'bob');
  assert.match(counted.stderr, /^uapid: 1 line would be deleted; with --yes they are$/m);
  assert.match((await run()).stdout, / 11$/m);
  const done = await forget('--login', 'bob', '--yes');
  assert.deepEqual([done.code, done.stderr], [0, 'uapid: 1 line deleted\n']);
  const { stdout, stderr } = await run();
  assert.doesNotMatch(stdout, / 11$/m);
  assert.match(stdout, / 12$/m);
  assert.match(stderr, /one line was deleted on demand/);
});

test('a reader that wants no more ends it quietly', async (t) => {
  const many = Array.from({ length: 5_000 }, (_, index) => pastSession(index + 1, '01:00:00'));
  const { args } = prepare(t, ...many);
  const child = spawn(process.execPath, [program, ...args], {
    env: plainEnv(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  assert.deepEqual([code, stderr], [0, '']);
});

test('with --follow each session is shown as it ends, until Ctrl-C', async (t) => {
  const { args, path } = prepare(t, pastSession(11, '01:00:00'));
  const child = spawn(process.execPath, [program, ...args, '--follow'], {
    env: plainEnv(env),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  await until(() => / 11$/m.test(shown), { what: 'what was there is shown' });
  appendFileSync(path, logText(pastSession(12, '02:00:00')));
  await until(() => / 12$/m.test(shown), { what: 'what came is shown' });
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
});
