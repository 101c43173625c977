import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectFtp } from '../../support/ftp-client.ts';
import { localPair } from '../../support/key-pairs.ts';
import { titleOf } from '../../support/processes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { shared } from '../../support/shared.ts';
import { portsOf, tcpSocketsOf } from '../../support/tcp-sockets.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { ask } from './ask.ts';
import { type Attempt, attemptAs } from './attempts.ts';
import { launch, makeState, scannerPidOf, serve, statusOf } from './served.ts';
import { keepPair } from './state.ts';

const skip = needsSandbox();
/** With what an administrator’s shell may have in its environment. */
const secret = 'a-secret-of-the-administrator';
const server = shared((t) => serve(t, { env: { TZ: 'Europe/Berlin', DATABASE_PASSWORD: secret } }));
const nobody = { uid: 65_534, gid: 65_534 };
const four = (id: number) => Array.from({ length: 4 }, () => String(id));

/** A pure-ftpd with a session of alice's, and the pid of that. */
async function aliceLogsIn(t: TestContext): Promise<number> {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(users.alice.name, users.alice.password);
  return await client.sessionPid();
}

/** The sandbox's own user file with a line more, for as long as the test runs. */
function addSystemUser(t: TestContext, line: string): void {
  const before = readFileSync('/etc/passwd', 'utf8');
  t.after(() => writeFileSync('/etc/passwd', before));
  writeFileSync('/etc/passwd', `${before.trimEnd()}\n${line}\n`);
}

test('every thread of the worker is nobody, with no group and no capability', {
  skip,
}, async (t) => {
  const uapid = await serve(t, { through: ['setpriv', '--groups=0,4,62001'] });
  const http = await uapid.httpPid();
  assert.equal((await ask(uapid)).status, 200);
  assert.deepEqual(statusOf(uapid.pid, 'Groups').sort(), ['0', '4', '62001']);
  const threads = readdirSync(`/proc/${http}/task`);
  assert.ok(threads.length > 1);
  for (const thread of threads) {
    const status = (name: string) => statusOf(`${http}/task/${thread}`, name);
    assert.deepEqual(status('Uid'), four(nobody.uid));
    assert.deepEqual(status('Gid'), four(nobody.gid));
    assert.deepEqual(status('Groups'), []);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) {
      assert.deepEqual(status(set), ['0000000000000000'], set);
    }
    assert.deepEqual(status('NoNewPrivs'), ['1']);
    // Node cannot empty its bounding set. Nothing can be gained from what is left of it, because
    // of the line before: set-uid, set-gid and to read what it is made of.
    assert.deepEqual(status('CapBnd'), ['00000000000000c4']);
  }
  assert.deepEqual(statusOf(uapid.pid, 'Uid'), four(0));
});

test('ps shows that the listening process is not root’s', { skip }, async () => {
  const uapid = await server();
  const listed = execFileSync('ps', ['-e', '-o', 'user=,pid=,args='], { encoding: 'utf8' });
  const lines = listed.split('\n').map((line) => line.trim().split(/\s+/));
  const http = String(await uapid.httpPid());
  assert.deepEqual(lines.find(([, pid]) => pid === http)?.slice(0, 4), [
    'nobody',
    http,
    'uapid:',
    'http',
  ]);
  const port = Number(new URL(uapid.url).port);
  assert.deepEqual([portsOf(Number(http)), portsOf(uapid.pid)], [[port], [port]]);
});

test('the package’s own user serves when there is one, and --run-as names another', {
  skip,
}, async (t) => {
  addSystemUser(t, 'uapid:x:62050:62051::/nonexistent:/usr/sbin/nologin');
  const usual = await serve(t);
  assert.deepEqual(statusOf(await usual.httpPid(), 'Uid'), four(62_050));
  assert.deepEqual(statusOf(await usual.httpPid(), 'Gid'), four(62_051));
  const named = await serve(t, { args: ['--run-as', 'alice'] });
  assert.deepEqual(statusOf(await named.httpPid(), 'Uid'), four(users.alice.uid));
  assert.deepEqual(statusOf(await named.httpPid(), 'Groups'), []);
  assert.equal((await ask(named)).status, 200);
});

for (const [name, fault] of [
  ['root', /uapid: --run-as root: the worker must not run as root/],
  ['rooty', /uapid: --run-as rooty: the worker must not run as root or in root’s group/],
  ['nosuchuser', /uapid: --run-as nosuchuser: this system has no such user/],
  ['0', /uapid: --run-as 0: this system has no such user/],
] as const) {
  test(`--run-as ${name} starts nothing and says why`, { skip, timeout: 240_000 }, async (t) => {
    addSystemUser(t, 'rooty:x:62052:0::/nonexistent:/usr/sbin/nologin');
    const { stateDir } = makeState(t);
    const place = ['--listen', 'http://127.0.0.1:0', '--state-dir', stateDir];
    const run = launch(t, [...place, '--run-as', name]);
    assert.equal(await run.ended, 1);
    assert.match(run.stderr(), fault);
    assert.equal(run.stdout(), '');
  });
}

test('the worker’s user reads no scoreboard, session or state, and signals nobody', {
  skip,
}, async (t) => {
  const session = await aliceLogsIn(t);
  const { stateDir } = makeState(t);
  keepPair(stateDir, await localPair());
  const uapid = await serve(t, { stateDir, scheme: 'https', args: ['--run-as', 'bob'] });
  const attempts: Attempt[] = [
    ['list', '/run/pure-ftpd'],
    ['list', `/proc/${session}/fd`],
    ['link', `/proc/${session}/exe`],
    ['list', stateDir],
    ['read', join(stateDir, 'accounts.json')],
    ['read', join(stateDir, 'tls/key.pem')],
    ['list', `/proc/${uapid.pid}/fd`],
    ['read', `/proc/${uapid.pid}/mem`],
    ['read', `/proc/${uapid.pid}/environ`],
    ['signal', session, 'SIGTERM'],
    ['signal', uapid.pid, 'SIGTERM'],
  ];
  const denied = (attempt: Attempt) => (attempt[0] === 'signal' ? 'EPERM' : 'EACCES');
  assert.deepEqual(attemptAs(users.bob, attempts), attempts.map(denied));
  // The monitor’s user could do all of that; the signals are left out.
  const reads = attempts.filter(([what]) => what !== 'signal');
  assert.deepEqual(
    attemptAs({ uid: 0, gid: 0 }, reads).filter((outcome) => outcome === 'EACCES'),
    [],
  );
});

test('another process of the same user cannot look into the worker', { skip }, async (t) => {
  const uapid = await server();
  const http = await uapid.httpPid();
  // What is in there: password hashes, tokens and the TLS key.
  const attempts: Attempt[] = [
    ['read', `/proc/${http}/mem`],
    ['read', `/proc/${http}/environ`],
    ['read', `/proc/${http}/maps`],
    ['list', `/proc/${http}/fd`],
    ['link', `/proc/${http}/exe`],
  ];
  assert.deepEqual(
    attemptAs(nobody, attempts),
    attempts.map(() => 'EACCES'),
  );
  // It could, with a process that has been nobody's from its start.
  const other = spawn('sleep', ['60'], nobody);
  t.after(() => other.kill('SIGKILL'));
  await until(() => titleOf(other.pid ?? 0) === 'sleep', { what: 'it runs' });
  const sameOfOther: Attempt[] = [
    ['read', `/proc/${other.pid}/environ`],
    ['list', `/proc/${other.pid}/fd`],
  ];
  assert.deepEqual(attemptAs(nobody, sameOfOther), ['done', 'done']);
});

test('the monitor has no socket of the network but those that listen, the scanner none, the worker no file', {
  skip,
}, async (t) => {
  await aliceLogsIn(t);
  const uapid = await server();
  const http = await uapid.httpPid();
  for (let count = 0; count < 20; count += 1) {
    assert.equal((await ask(uapid)).data.length, 1);
    const listening = tcpSocketsOf(uapid.pid).map(({ inode }) => inode);
    const network = networkInodes();
    assert.equal(listening.length, 1);
    const scanner = scannerPidOf(uapid.pid) ?? 0;
    for (const [pid, expected] of [
      [uapid.pid, listening],
      [scanner, []],
    ] as const) {
      assert.deepEqual(
        sockets(pid).filter((inode) => network.has(inode)),
        expected,
      );
    }
    // Standard output and error are what the test has given it.
    const given = [1, 2].map((fd) => readlinkSync(`/proc/${uapid.pid}/fd/${fd}`));
    const commonSockets = [...given, ...listening.map((inode) => `socket:[${inode}]`)];
    const own = linksOf(uapid.pid).filter((link) => link.startsWith('socket:'));
    const names = own.filter((link) => !commonSockets.includes(link)).map(unixName);
    assert.equal(names.length, 3, names.join());
    assert.equal(names.filter((name) => name === '').length, 2, names.join());
    const ofScanner = linksOf(scanner).filter((link) => link.startsWith('socket:'));
    assert.equal(ofScanner.filter((link) => !given.includes(link)).length, 1);
    // The kernel tells the name that it was made under.
    assert.ok(
      names.some((name) => name.startsWith(`${uapid.stateDir}/`)),
      names.join(),
    );
    // What it was started with, and what Node opens for itself.
    const usual = /^(socket|pipe):|^anon_inode:|^\/dev\/null$/;
    assert.deepEqual(
      linksOf(http).filter((link) => !usual.test(link)),
      [],
    );
  }
});

test('no secret is in a command line or in the environment of scanner and worker', {
  skip,
}, async () => {
  const uapid = await server();
  const http = await uapid.httpPid();
  const scanner = scannerPidOf(uapid.pid) ?? 0;
  for (const pid of [http, scanner]) {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
    const names = environment
      .split('\0')
      .filter(Boolean)
      .map((each) => each.split('=')[0]);
    assert.deepEqual(names.sort(), ['PATH', 'TZ']);
  }
  for (const pid of [http, scanner, uapid.pid]) {
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    for (const each of [secret, uapid.password]) assert.ok(!commandLine.includes(each));
  }
  assert.equal(statSync(`/proc/${http}/environ`).uid, 0);
});

test('capabilities that a service manager gives a user stay with the monitor', {
  skip,
}, async (t) => {
  const { alice } = users;
  const { stateDir } = makeState(t);
  execFileSync('chown', ['-R', `${alice.uid}:${alice.gid}`, stateDir]);
  const given = '+dac_read_search,+sys_ptrace';
  const through = [
    ...['setpriv', `--reuid=${alice.uid}`, `--regid=${alice.gid}`, '--clear-groups'],
    ...[`--inh-caps=${given}`, `--ambient-caps=${given}`],
  ];
  const uapid = await serve(t, { stateDir, through });
  const http = await uapid.httpPid();
  for (const pid of [uapid.pid, scannerPidOf(uapid.pid) ?? 0]) {
    assert.deepEqual(statusOf(pid, 'CapEff'), ['0000000000080004']);
  }
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) {
    assert.deepEqual(statusOf(http, set), ['0000000000000000'], set);
  }
  assert.deepEqual(statusOf(http, 'Uid'), four(alice.uid));
});

test('the scanner is root with the rights to look and to end sessions, and can gain no other', {
  skip,
}, async () => {
  const uapid = await server();
  const scanner = scannerPidOf(uapid.pid) ?? 0;
  assert.equal(titleOf(scanner), 'uapid: scan');
  assert.deepEqual(statusOf(scanner, 'Uid'), four(0));
  // CAP_DAC_READ_SEARCH, CAP_KILL and CAP_SYS_PTRACE (linux/capability.h).
  for (const set of ['CapBnd', 'CapPrm', 'CapEff']) {
    assert.deepEqual(statusOf(scanner, set), ['0000000000080024'], set);
  }
  assert.deepEqual(statusOf(scanner, 'NoNewPrivs'), ['1']);
});

function linksOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      return [];
    }
  });
}

function sockets(pid: number): string[] {
  return linksOf(pid).flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}

/** The inodes of every socket of this network. */
function networkInodes(): Set<string> {
  const tables = ['tcp', 'tcp6', 'udp', 'udp6', 'raw', 'raw6'].map((name) =>
    readFileSync(`/proc/net/${name}`, 'utf8').trim().split('\n').slice(1),
  );
  return new Set(tables.flat().map((line) => line.trim().split(/\s+/)[9] ?? ''));
}

/** The path of a Unix socket "socket:[INODE]", "" for one without (proc_net(5), /proc/net/unix). */
function unixName(link: string): string {
  const inode = link.slice('socket:['.length, -1);
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n');
  const fields = lines.map((line) => line.trim().split(/ +/)).find((each) => each[6] === inode);
  return fields?.[7] ?? '';
}
