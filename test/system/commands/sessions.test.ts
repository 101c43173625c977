import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { plainEnv, program } from '../../support/cli-run.ts';
import { makeHome } from '../../support/homes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { startScene, uapidAs } from '../../support/sessions-scene.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { installProgram } from '../channel/program-copy.ts';
import { logged } from '../channel/served.ts';

const skip = needsSandbox();
const { alice, bob, carol } = users;

/** A download, an upload and an idle session of three logins. */
async function transfers(t: TestContext) {
  const scene = await startScene(t, ['dev@alice.example']);
  // Long enough for a server to start meanwhile, however busy the machine is.
  await makeHome(alice, [['big.iso', 100_000_000]]);
  const download = await scene.logIn('dev@alice.example');
  const upload = await scene.logIn('bob');
  const idle = await scene.logIn('carol');
  await download.client.startDownload('big.iso');
  await upload.client.startUpload('up.bin', { bytes: 300_000 });
  return { ...scene, download, upload, idle };
}

test('the table in a pipe is plain and has each session as the server sees it', {
  skip,
}, async (t) => {
  const { serve, uapid, download, upload, idle } = await transfers(t);
  await serve();
  const { code, stdout, stderr } = await uapid('sessions');
  assert.deepEqual([code, stderr], [0, '']);
  const [heading = '', ...lines] = stdout.trimEnd().split('\n');
  assert.match(heading, /^ *PID {2}USER +OWNER +FROM +SINCE +STATUS +PROGRESS +RATE +FILE$/);
  const lineOf = ({ pid }: { pid: number }) =>
    lines.find((line) => line.trimStart().startsWith(`${pid} `)) ?? '';
  const who = '127\\.0\\.0\\.1 +\\d\\d:\\d\\d:\\d\\d';
  assert.match(
    lineOf(download),
    new RegExp(`dev@alice\\.example +alice +${who} +download +[#]*-+ +\\d+\\.\\d% .* big\\.iso$`),
  );
  assert.match(
    lineOf(upload),
    new RegExp(`bob +bob +${who} +upload +\\d+(\\.\\d+)? k?B .* up\\.bin$`),
  );
  assert.match(lineOf(idle), new RegExp(`carol +carol +${who} +idle$`));
  assert.equal(lines.length, 3);
});

test('JSON has the rows of Ftp::list_transfers, and when they were looked for', {
  skip,
}, async (t) => {
  const { serve, uapid, download, upload, ftpd } = await transfers(t);
  await serve();
  const before = Date.now();
  const { code, stdout, stderr } = await uapid('sessions', '--json');
  assert.deepEqual([code, stderr], [0, '']);
  const { looked_at, sessions, warnings } = JSON.parse(stdout);
  assert.ok(Date.parse(looked_at) >= before - 1 && Date.parse(looked_at) <= Date.now());
  assert.deepEqual(warnings, []);
  const byPid = new Map(sessions.map((row: { pid: number }) => [row.pid, row]));
  const {
    start,
    bytes_moved,
    percent,
    unsent_bytes,
    rate_bytes_per_second,
    started_at,
    status_since,
    ...row
  } = byPid.get(download.pid) as Record<string, unknown>;
  const { connected_seconds, status_seconds, remote_port, path, ...rest } = row;
  assert.deepEqual(rest, {
    pid: download.pid,
    user: 'dev@alice.example',
    owner: 'alice',
    host: '127.0.0.1',
    local_port: ftpd.port,
    protocol: null,
    status: 'DL',
    file: 'big.iso',
    directory: '/',
    command: null,
    container: null,
    bytes_total: 100_000_000,
  });
  assert.equal(remote_port, download.client.localPort);
  assert.equal(path, join(alice.home, 'big.iso'));
  assert.equal(percent, Math.floor(Number(bytes_moved) / 100_000) / 10);
  assert.ok(Number.isInteger(unsent_bytes) && Number(unsent_bytes) >= 0);
  assert.match(String(start), /^\d+$/);
  for (const moment of [started_at, status_since]) {
    assert.match(String(moment), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  }
  assert.ok([connected_seconds, status_seconds].every(Number.isInteger));
  assert.ok(rate_bytes_per_second === null || Number(rate_bytes_per_second) > 0);
  assert.equal((byPid.get(upload.pid) as { percent: unknown }).percent, null);
});

test('root without a server looks itself and sees the same', { skip }, async (t) => {
  const { serve, uapid } = await transfers(t);
  const pidsIn = async (...args: string[]) => {
    const { stdout } = await uapid('sessions', '--json', ...args);
    return JSON.parse(stdout).sessions.map(({ pid, user, file }: Record<string, unknown>) => [
      pid,
      user,
      file,
    ]);
  };
  const own = await pidsIn();
  assert.equal(own.length, 3);
  const server = await serve();
  assert.deepEqual(await pidsIn(), own);
  assert.deepEqual(await pidsIn('--control-socket', 'none'), own);
  // What a stopped server leaves: nothing, and root looks itself again.
  server.kill('SIGTERM');
  assert.equal(await server.ended(), 0);
  assert.equal(existsSync(join(server.stateDir, 'control.sock')), false);
  assert.deepEqual(await pidsIn(), own);
});

test('a server that was killed leaves a socket that stops neither commands nor the next server', {
  skip,
}, async (t) => {
  const { serve, uapid, logIn, stateDir } = await startScene(t);
  const { pid } = await logIn('alice');
  const path = join(stateDir, 'control.sock');
  const killed = await serve();
  const inode = statSync(path).ino;
  killed.kill('SIGKILL');
  await killed.ended();
  assert.equal(statSync(path).ino, inode);
  assert.match((await uapid('sessions')).stdout, new RegExp(`\\b${pid} +alice`));
  await serve();
  assert.match((await uapid('sessions')).stdout, new RegExp(`\\b${pid} +alice`));
});

test('a second server leaves the first one its socket and says so; one that must have it does not start', {
  skip,
}, async (t) => {
  const { serve, uapid, stateDir } = await startScene(t);
  const path = join(stateDir, 'control.sock');
  await serve();
  const inode = statSync(path).ino;
  const second = await serve();
  await logged(second, /another server listens there; uapid sessions/);
  await assert.rejects(serve({ args: ['--control-socket', path] }), /another server listens there/);
  second.kill('SIGTERM');
  assert.equal(await second.ended(), 0);
  assert.equal(statSync(path).ino, inode);
  assert.equal((await uapid('sessions')).code, 0);
});

test('only root may open the socket, and nobody else sees or ends a session through it', {
  skip,
}, async (t) => {
  const { serve, logIn, stateDir } = await startScene(t);
  const { pid } = await logIn('alice');
  const cli = installProgram(t, 0o755);
  // In a directory that everybody can get to, else that would be what keeps him out.
  const dir = `${stateDir}-open`;
  mkdirSync(dir, { mode: 0o755 });
  t.after(() => execFileSync('rm', ['-r', dir]));
  const path = join(dir, 'control.sock');
  await serve({ args: ['--control-socket', path] });
  assert.equal((statSync(path).mode & 0o777).toString(8), '600');
  for (const command of [['sessions'], ['kill', String(pid)]]) {
    const { code, stdout, stderr } = await uapidAs(
      bob,
      [...command, '--control-socket', path],
      cli,
    );
    assert.deepEqual([code, stdout], [5, '']);
    assert.match(
      stderr,
      /^uapid: You may not open .*control\.sock: run this as root, or .*group.*\n$/,
    );
  }
  assert.ok(existsSync(`/proc/${pid}`));
});

test('the members of the group that is configured may open it, and nobody else', {
  skip,
}, async (t) => {
  const { serve, logIn, stateDir } = await startScene(t);
  const { pid } = await logIn('alice');
  const cli = installProgram(t, 0o755);
  const dir = `${stateDir}-group`;
  // The server makes the directory too.
  t.after(() => execFileSync('rm', ['-r', dir]));
  const path = join(dir, 'control.sock');
  const socket = ['--control-socket', path];
  await serve({ args: [...socket, '--control-group', bob.name] });
  const { mode, uid, gid } = statSync(path);
  assert.deepEqual([(mode & 0o777).toString(8), uid, gid], ['660', 0, bob.gid]);
  const member = await uapidAs({ uid: carol.uid, gid: bob.gid }, ['sessions', ...socket], cli);
  assert.deepEqual([member.code, member.stderr], [0, '']);
  assert.match(member.stdout, new RegExp(`\\b${pid} +alice`));
  const stranger = await uapidAs(carol, ['sessions', ...socket], cli);
  assert.deepEqual([stranger.code, stranger.stdout], [5, '']);
  assert.match(stranger.stderr, /You may not open/);
});

test('a group that does not exist stops the start in words', { skip }, async (t) => {
  const { serve } = await startScene(t);
  await assert.rejects(
    serve({ args: ['--control-group', 'no-such-group'] }),
    /--control-group no-such-group: this system has no such group/,
  );
});

test('who is not root and has no server is told what to do', { skip }, async (t) => {
  const cli = installProgram(t, 0o755);
  const { stdout, stderr, code } = await uapidAs(bob, ['sessions', '--state-dir', bob.home], cli);
  assert.deepEqual([code, stdout], [1, '']);
  assert.equal(
    stderr,
    `uapid: No server answers at ${bob.home}/control.sock, and only root can look itself: run this as root, or start uapid serve.\n`,
  );
});

test('a server without root has its socket too, for its own user alone', { skip }, async (t) => {
  const { logIn, serve, stateDir } = await startScene(t);
  const { pid } = await logIn('bob');
  const cli = installProgram(t, 0o755);
  execFileSync('chown', [`${alice.uid}:${alice.gid}`, stateDir]);
  await serve({ as: alice, program: cli });
  const { mode, uid } = statSync(join(stateDir, 'control.sock'));
  assert.deepEqual([(mode & 0o777).toString(8), uid], ['600', alice.uid]);
  const { code, stdout, stderr } = await uapidAs(alice, ['sessions', '--state-dir', stateDir], cli);
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^ *${pid} +- +bob`, 'm'));
  // What it cannot see is said, and not in the table.
  assert.match(stderr, /^uapid: warning: .*scoreboard/m);
});

test('a socket that somebody else has put there is not asked', { skip }, async (t) => {
  const { stateDir, uapid } = await startScene(t);
  const path = join(stateDir, 'control.sock');
  const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('listens'))`;
  const impostor = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => impostor.kill('SIGKILL'));
  await once(impostor.stdout, 'data');
  execFileSync('chown', [String(bob.uid), path]);
  const { code: exit, stdout, stderr } = await uapid('sessions');
  assert.deepEqual([exit, stdout], [1, '']);
  assert.match(stderr, new RegExp(`belongs to the user ${bob.uid}`));
});

test('with --account there are the sessions of that account alone, and an unknown one is an error', {
  skip,
}, async (t) => {
  const { serve, uapid, download, upload, idle, stateDir } = await transfers(t);
  addAccount(stateDir, 'rita', 'a long password', { role: 'reseller', systemUser: 'carol' });
  addAccount(stateDir, 'shop', 'a long password', { systemUser: 'alice', owner: 'rita' });
  addAccount(stateDir, 'boss', 'a long password', { role: 'admin' });
  const pidsOf = async (account: string) => {
    const { stdout } = await uapid('sessions', '--json', '--account', account);
    return JSON.parse(stdout).sessions.map(({ pid }: { pid: number }) => pid);
  };
  for (const isServed of [false, true]) {
    if (isServed) await serve();
    assert.deepEqual(await pidsOf('shop'), [download.pid]);
    assert.deepEqual(await pidsOf('rita'), [download.pid, idle.pid]);
    assert.deepEqual(await pidsOf('boss'), [download.pid, upload.pid, idle.pid]);
    const unknown = await uapid('sessions', '--account', 'ghost');
    assert.deepEqual(unknown, {
      code: 3,
      stdout: '',
      stderr: 'uapid: there is no account "ghost"\n',
    });
  }
});

test('an account without its system user is warned of, not shown as having no sessions alone', {
  skip,
}, async (t) => {
  const { uapid, stateDir } = await startScene(t);
  addAccount(stateDir, 'shop', 'a long password', { systemUser: 'no-such-user' });
  const { code, stdout, stderr } = await uapid('sessions', '--account', 'shop');
  assert.deepEqual([code, stdout], [0, 'No sessions.\n']);
  assert.match(stderr, /^uapid: warning: .*no-such-user.*no such user/);
  const json = await uapid('sessions', '--json', '--account', 'shop');
  assert.equal(JSON.parse(json.stdout).warnings.length, 1);
});

test('files of any name are text in the table and the same text in JSON', { skip }, async (t) => {
  const { uapid, logIn } = await startScene(t);
  // pure-ftpd itself lets no C0 character into a name, but C1: U+009B is what ESC [ is.
  const names = [
    '\x9b2J\x9d0;owned\x9c.iso',
    '\u202egpj.exe',
    '日本語.iso',
    '<img src=x onerror=1>',
  ];
  await makeHome(
    alice,
    names.map((name) => [name, 100_000_000]),
  );
  for (const name of names) {
    const { client } = await logIn('alice');
    await client.startDownload(name);
  }
  const { stdout } = await uapid('sessions');
  assert.doesNotMatch(stdout.replaceAll('\n', ''), /\p{C}/u);
  for (const shown of [
    '\\x9b2J\\x9d0;owned\\x9c.iso',
    '\\u{202e}gpj.exe',
    '日本語.iso',
    '<img src=x',
  ]) {
    assert.ok(stdout.includes(shown), shown);
  }
  const json = (await uapid('sessions', '--json')).stdout;
  assert.doesNotMatch(json.replaceAll('\n', ''), /\p{C}/u);
  const files = JSON.parse(json).sessions.map(({ file }: { file: string }) => file);
  assert.deepEqual(files.sort(), names.toSorted());
});

test('with --watch a pipe gets a table or a line of JSON a second, as sessions come and go', {
  skip,
}, async (t) => {
  const { serve, logIn, stateDir } = await startScene(t);
  const server = await serve();
  const start = (...args: string[]) => {
    const child = spawn(
      process.execPath,
      [program, 'sessions', '--watch', '--state-dir', stateDir, ...args],
      { env: plainEnv(), stdio: ['ignore', 'pipe', 'pipe'] },
    );
    t.after(() => child.kill('SIGKILL'));
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output.stderr += chunk;
    });
    return { child, output };
  };
  const table = start();
  const json = start('--json');
  const looks = () =>
    json.output.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).sessions.map(({ user }: { user: string }) => user));
  await until(() => looks().length > 0, { what: 'a first scan', timeoutMs: 60_000 });
  const { client } = await logIn('alice');
  await until(() => looks().at(-1)?.includes('alice'), { what: 'alice is seen' });
  await until(() => / alice /.test(table.output.stdout), { what: 'alice is in the table' });
  await client.quit();
  await until(() => looks().at(-1)?.length === 0, { what: 'alice is gone' });
  assert.doesNotMatch(table.output.stdout.replaceAll('\n', ''), /\p{C}/u);

  // A server that goes is told once, and root looks itself from then on.
  const before = looks().length;
  server.kill('SIGTERM');
  await server.ended();
  await until(() => looks().length > before + 2, { what: 'it goes on' });
  assert.ok(json.output.stderr.split('\n').length <= 2, json.output.stderr);

  json.child.kill('SIGINT');
  table.child.kill('SIGTERM');
  const codes = await Promise.all([json, table].map(({ child }) => once(child, 'close')));
  assert.deepEqual(
    codes.map(([code]) => code),
    [0, 143],
  );
});

test('a reader that wants no more ends the watch quietly', { skip }, async (t) => {
  const { stateDir } = await startScene(t);
  const command = `'${process.execPath}' '${program}' sessions --watch --state-dir '${stateDir}' | head -n 1`;
  const child = spawn('sh', ['-c', command], {
    env: plainEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  await once(child, 'close');
  assert.match(output, /^.*: 0 sessions; by since, ascending\n$/);
});
