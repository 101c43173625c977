import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { projectRoot } from '../support/debian-packages.ts';
import { allProcesses, titleOf } from '../support/processes.ts';
import { needsSandbox } from '../support/sandbox.ts';
import { until } from '../support/until.ts';
import { readOptions } from './options.ts';

const demo = fileURLToPath(new URL('demo.js', import.meta.url));
const skip = needsSandbox();

const wanted = [
  /^ {2}curl -u admin:\w+ http:\/\/127\.0\.0\.1:\d+\/Ftp\/list_sessions$/m,
  / alice +127\.0\.0\.1 +DL .* backup\.tar\.gz +pure-ftpd \(DOWNLOAD\)$/m,
  / bob +127\.0\.0\.1 +UL .* holiday\.mp4 +pure-ftpd \(UPLOAD\)$/m,
  / dev@alice\.example +127\.0\.0\.1 +IDLE .* pure-ftpd \(IDLE\)$/m,
  / dev@alice\.example +127\.0\.0\.1 +DL .* public_html\/größe 1\.jpg +pure-ftpd/m,
];

/** Of the others. */
const wantedOfOthers = [
  / alice +127\.0\.0\.1 +DL .* backup\.tar\.gz +proftpd: alice - 127\.0\.0\.1: RETR backup\.tar\.gz$/m,
  / bob +127\.0\.0\.1 +UL .* holiday\.mp4 +proftpd: bob - 127\.0\.0\.1: STOR holiday\.mp4$/m,
  / dev@alice\.example +127\.0\.0\.1 +IDLE .* proftpd: dev@alice\.example - 127\.0\.0\.1: IDLE$/m,
  / bob +127\.0\.0\.1 +UL .* \/holiday\.mp4 +vsftpd: 127\.0\.0\.1\/bob: STOR holiday\.mp4$/m,
  / dev@alice\.example +127\.0\.0\.1 +DL .* \/public_html\/größe 1\.jpg +vsftpd: /m,
];

/** Runs the demo; `isSeen` ends it as Ctrl-C does. Resolves to all that it printed. */
async function show(
  args: readonly string[],
  isSeen: (text: string) => boolean,
  env = process.env,
): Promise<string> {
  const child = spawn(process.execPath, [demo, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  const closed = once(child, 'close');
  let [text, errors] = ['', ''];
  let isAsked = false;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (isAsked || !isSeen(text)) return;
    // Once: a second time means at once.
    isAsked = true;
    child.kill('SIGINT');
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  assert.deepEqual([await closed, errors], [[0, null], '']);
  return text;
}

const showsAll =
  (rows: readonly RegExp[]) =>
  (text: string): boolean =>
    rows.every((each) => each.test(text));

test('shows each user at work, and leaves nothing running', { skip }, async () => {
  const text = await show(['--seconds', '120'], showsAll(wanted));
  for (const each of wanted) assert.match(text, each);
  assert.match(text, /Everything is taken down: uapid, pure-ftpd, its users/);
  const left = allProcesses().filter(({ pid }) => titleOf(pid)?.startsWith('pure-ftpd'));
  assert.deepEqual(left, []);
});

test('shows the users of every daemon, and Ctrl-C leaves nothing behind', { skip }, async () => {
  // In a sandbox of its own, as where somebody types the command.
  const { UAPID_SANDBOX, ...env } = process.env;
  assert.equal(UAPID_SANDBOX, '1');
  const before = new Set(allProcesses().map(({ pid }) => pid));
  const all = [...wanted, ...wantedOfOthers];
  const text = await show(['--daemon', 'all', '--seconds', '120'], showsAll(all), env);
  for (const each of all) assert.match(text, each);
  assert.match(text, /Everything is taken down: uapid, pure-ftpd, proftpd, vsftpd, /);
  await until(() => allProcesses().every(({ pid }) => before.has(pid)), {
    what: 'no process of the demo is left',
  });
});

test('a fleet shows the sessions of every host, names one that is stopped, and leaves nothing behind', {
  skip,
}, async () => {
  const before = new Set(allProcesses().map(({ pid }) => pid));
  const rows = [
    /^ {2}curl -u admin:\w+ http:\/\/127\.0\.0\.1:\d+\/Ftp\/list_sessions$/m,
    /^web1 +alice +DL +backup\.tar\.gz$/m,
    /^web2 +bob +UL +holiday-\d+\.mp4$/m,
    /^web2 is stopped now\.$/m,
    /^The server “web2” did not answer in time \(last answer/m,
  ];
  const text = await show(['--fleet', '2', '--seconds', '120'], showsAll(rows));
  for (const each of rows) assert.match(text, each);
  assert.match(
    text,
    /Everything is taken down: the gateway, the hosts and their users, nats-server/,
  );
  await until(() => allProcesses().every(({ pid }) => before.has(pid)), {
    what: 'no process of the fleet is left',
  });
});

test('says what it needs and ends with 2 where no sandbox can be', () => {
  const env = { PATH: '/nowhere' };
  const { status, stderr } = spawnSync(process.execPath, [demo], { env, encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(stderr, /cannot do so here: .*Run it as root on Linux\.\n$/);
});

test('says in one line what it needs and ends with 2 where a daemon cannot be fetched', {
  skip,
}, (t) => {
  // A project whose cache is empty, and an apt-get that reaches nothing.
  const project = mkdtempSync(join(tmpdir(), 'demo-offline-'));
  t.after(() => rmSync(project, { recursive: true }));
  for (const part of ['dist/src', 'dist/test/demo', 'dist/test/support', 'package.json']) {
    cpSync(join(projectRoot(), part), join(project, part), { recursive: true });
  }
  symlinkSync(join(projectRoot(), 'node_modules'), join(project, 'node_modules'));
  mkdirSync(join(project, 'bin'));
  const aptGet = join(project, 'bin/apt-get');
  writeFileSync(aptGet, '#!/bin/sh\necho "E: Could not resolve the mirror" >&2\nexit 100\n');
  chmodSync(aptGet, 0o755);
  const { UAPID_SANDBOX: _sandbox, PATH, ...rest } = process.env;
  const env = { ...rest, PATH: `${join(project, 'bin')}:${PATH}` };
  for (const name of ['proftpd', 'vsftpd']) {
    const run = spawnSync(
      process.execPath,
      [join(project, 'dist/test/demo/demo.js'), '--daemon', name],
      { env, encoding: 'utf8' },
    );
    assert.equal(run.status, 2, run.stderr);
    assert.match(
      run.stderr,
      new RegExp(`^Debian's package of ${name} could not be fetched.* apt-get .*mirror\\.\\n$`),
    );
    assert.equal(run.stderr.trimEnd().split('\n').length, 1);
  }
});

test('ends with 2 when it does not understand its arguments, and says which daemons there are', () => {
  for (const args of [
    ['--fleet', '0'],
    ['--fleet', '2', '--daemon', 'proftpd'],
    ['--seconds', 'many'],
    ['--seconds', '0'],
    ['--minutes', '1'],
    ['1'],
    ['--fleet', '-1'],
  ]) {
    const fault = readOptions(args);
    assert.match(String(fault), /^[^\n]+[^.]\.$/, args.join(' '));
  }
  const wrong = spawnSync(process.execPath, [demo, '--daemon', 'ftpd'], { encoding: 'utf8' });
  assert.equal(wrong.status, 2);
  assert.match(
    wrong.stderr,
    /^The demo knows no FTP daemon “ftpd”\. Usage: .*pure-ftpd\|proftpd\|vsftpd\|all.*\n$/,
  );
});
