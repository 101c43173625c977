import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { entryName } from '../../../src/daemons/pure-ftpd/scoreboard.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { childrenOf, groupMembers, processStat } from '../../support/processes.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { type TestUser, users } from '../../support/users.ts';
import { type Answer, ask } from '../channel/ask.ts';
import { type ServedUapid, serve } from '../channel/served.ts';
import { scoreboardDirs } from '../daemons/pure-ftpd/sources.ts';

const skip = needsSandbox();
const { alice, bob } = users;
const [directory = ''] = scoreboardDirs;

async function startBoth(t: TestContext): Promise<{ ftpd: PureFtpd; uapid: ServedUapid }> {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  return { ftpd, uapid: await serve(t) };
}

async function logIn(t: TestContext, ftpd: PureFtpd, user: TestUser) {
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(user.name, user.password);
  return { client, pid: await client.sessionPid() };
}

async function leave(client: FtpClient, pid: number): Promise<void> {
  client.destroy();
  await until(() => processStat(pid) === undefined, { what: 'the session has ended' });
}

const rowsOf = ({ data }: Answer) => data.map(({ pid, user }) => [pid, user]);

/** What is put in the place of an entry; the file that the session itself holds stays as it was. */
const replacements: [what: string, replace: (path: string, good: Buffer) => void][] = [
  ['nothing', () => {}],
  ['half of it', (path, good) => put(path, good.subarray(0, 732))],
  ['twice of it', (path, good) => put(path, Buffer.concat([good, good]))],
  ['zeros', (path, good) => put(path, Buffer.alloc(good.length))],
  ['another user’s name', (path, good) => put(path, changed(good, 0x130, Buffer.from('root\0')))],
  ['another pid’s entry', (path, good) => put(path, changed(good, 4, Buffer.from([1, 0, 0, 0])))],
  ['a symbolic link', (path) => symlinkSync('/etc/passwd', path)],
  ['a pipe', (path) => execFileSync('mkfifo', [path])],
  ['a directory', (path) => mkdirSync(path)],
  ['a file for all to write', (path, good) => put(path, good, () => chmodSync(path, 0o666))],
  ['another user’s file', (path, good) => put(path, good, () => chownSync(path, 9, 9))],
];

function put(path: string, bytes: Buffer, spoil = () => {}): void {
  writeFileSync(path, bytes, { mode: 0o600 });
  spoil();
}

function changed(bytes: Buffer, at: number, by: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  by.copy(copy, at);
  return copy;
}

test('what lies in the scoreboard in the place of an entry is not read: the session’s own file is', {
  skip,
}, async (t) => {
  const { ftpd, uapid } = await startBoth(t);
  const whole = await logIn(t, ftpd, bob);
  for (const [what, replace] of replacements) {
    const { client, pid } = await logIn(t, ftpd, alice);
    const path = join(directory, entryName(pid));
    const good = readFileSync(path);
    rmSync(path);
    replace(path, good);
    for (let look = 0; look < 2; look += 1) {
      const answer = await ask(uapid);
      const rows = rowsOf(answer).sort(([a], [b]) => Number(a) - Number(b));
      const expected = [
        [whole.pid, bob.name],
        [pid, alice.name],
      ];
      assert.deepEqual([rows, answer.warnings], [expected, []], what);
    }
    await leave(client, pid);
    rmSync(path, { recursive: true, force: true });
    const after = await ask(uapid);
    assert.deepEqual([rowsOf(after), after.warnings], [[[whole.pid, bob.name]], []], what);
  }
});

/** What is done to the very file that the session holds. It is never cut: that ends pure-ftpd. */
const spoilt: [what: string, spoil: (path: string) => void, warning: RegExp][] = [
  ['for all to write', (path) => chmodSync(path, 0o666), /may not be read/],
  ['another user’s', (path) => chownSync(path, 9, 9), /may not be read/],
  ['longer', (path) => appendFileSync(path, 'x'), /a layout that uapid/],
  ['of zeros', (path) => overwrite(path, 0, Buffer.alloc(1464)), /a layout that uapid/],
  ['another pid’s', (path) => overwrite(path, 4, Buffer.from([1, 0, 0, 0])), /has no entry for/],
];

function overwrite(path: string, at: number, bytes: Buffer): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

test('a session whose own entry is spoilt is listed without its user, and a warning says why', {
  skip,
}, async (t) => {
  const { ftpd, uapid } = await startBoth(t);
  const whole = await logIn(t, ftpd, bob);
  for (const [what, spoil, warning] of spoilt) {
    const { client, pid } = await logIn(t, ftpd, alice);
    spoil(join(directory, entryName(pid)));
    for (let look = 0; look < 2; look += 1) {
      const answer = await ask(uapid);
      const rows = rowsOf(answer).sort(([a], [b]) => Number(a) - Number(b));
      const expected = [
        [whole.pid, bob.name],
        [pid, ''],
      ];
      assert.deepEqual(rows, expected, what);
      assert.ok(answer.warnings.length === 1, `${what}: ${answer.warnings}`);
      assert.match(answer.warnings[0] ?? '', warning, what);
    }
    await leave(client, pid);
    rmSync(join(directory, entryName(pid)), { force: true });
    const after = await ask(uapid);
    assert.deepEqual([rowsOf(after), after.warnings], [[[whole.pid, bob.name]], []], what);
  }
});

test('an entry that is emptied and filled again while it is read never makes half a row', {
  skip,
}, async (t) => {
  const { ftpd, uapid } = await startBoth(t);
  const { client, pid } = await logIn(t, ftpd, alice);
  const path = join(directory, entryName(pid));
  const good = `${path}.good`;
  writeFileSync(good, readFileSync(path), { mode: 0o600 });
  t.after(() => rmSync(good, { force: true }));
  // In place: pure-ftpd itself would end of a file that is cut (SIGBUS).
  const fill = 'dd conv=notrunc bs=1464 count=1 of="$1"';
  const command = `while :; do ${fill} if=/dev/zero; ${fill} if="$2"; done`;
  const filler = spawn('sh', ['-c', command, 'sh', path, good], {
    stdio: 'ignore',
    detached: true,
  });
  // With the dd that runs: it could still write behind the end of its shell.
  const group = filler.pid ?? 0;
  const live = () => groupMembers(group).filter(({ state }) => state !== 'Z');
  const endFiller = () => live().length > 0 && process.kill(-group, 'SIGKILL');
  t.after(endFiller);
  const seen = new Set<unknown>();
  const look = async () => {
    // The record of a session that has not run since the last scan is not read anew.
    await client.command('NOOP');
    const answer = await ask(uapid);
    const [[seenPid, user] = []] = rowsOf(answer);
    seen.add(user);
    assert.equal(seenPid, pid);
    assert.match(answer.warnings.join(), user === '' ? /a layout that uapid/ : /^$/);
  };
  for (let each = 0; each < 50; each += 1) await look();
  await until(() => look().then(() => seen.size === 2), { what: 'it was seen both ways' });
  assert.deepEqual([...seen].sort(), ['', alice.name]);
  endFiller();
  await until(() => live().length === 0, { what: 'the filler is gone' });
  const mend = ['conv=notrunc', `if=${good}`, `of=${path}`];
  execFileSync('dd', mend, { stdio: 'ignore' });
  await client.command('NOOP');
  await until(async () => rowsOf(await ask(uapid))[0]?.[1] === alice.name, { what: 'it is whole' });
});

/** Faults of the whole directory, and what undoes each. */
const directoryFaults: [what: string, spoil: () => void, mend: () => void][] = [
  [
    'missing',
    () => renameSync(directory, `${directory}.away`),
    () => renameSync(`${directory}.away`, directory),
  ],
  [
    'a file',
    () => {
      renameSync(directory, `${directory}.away`);
      writeFileSync(directory, 'rubbish');
    },
    () => {
      rmSync(directory);
      renameSync(`${directory}.away`, directory);
    },
  ],
  ['for all to write', () => chmodSync(directory, 0o777), () => chmodSync(directory, 0o700)],
  ['another user’s', () => chownSync(directory, 9, 9), () => chownSync(directory, 0, 0)],
];

test('whatever becomes of the scoreboard’s directory, each session’s own record is read', {
  skip,
}, async (t) => {
  const { ftpd, uapid } = await startBoth(t);
  for (const [what, spoil, mend] of directoryFaults) {
    const known = await logIn(t, ftpd, alice);
    for (let look = 0; look < 2; look += 1) {
      assert.deepEqual(rowsOf(await ask(uapid)), [[known.pid, alice.name]], what);
    }
    const unknown = await logIn(t, ftpd, bob);
    spoil();
    for (let look = 0; look < 2; look += 1) {
      const answer = await ask(uapid);
      const users = rowsOf(answer).map(([, user]) => user);
      assert.deepEqual(users.sort(), [alice.name, bob.name], what);
      assert.deepEqual(answer.warnings, [], what);
    }
    mend();
    for (const { client, pid } of [known, unknown]) await leave(client, pid);
  }
});

test('of a daemon that may keep no records every session is listed, and a warning says why', {
  skip,
}, async (t) => {
  mkdirSync(directory, { recursive: true });
  chownSync(directory, 9, 9);
  t.after(() => chownSync(directory, 0, 0));
  const { ftpd, uapid } = await startBoth(t);
  const [first, second] = [await logIn(t, ftpd, alice), await logIn(t, ftpd, bob)];
  for (let look = 0; look < 2; look += 1) {
    const answer = await ask(uapid);
    const pids = answer.data.map(({ pid }) => pid).sort();
    assert.deepEqual(pids, [first.pid, second.pid].sort());
    assert.ok(answer.data.every(({ user }) => user === ''));
    assert.match(answer.warnings.join(), /has no entry for 2 sessions/);
  }
});

/** The time on a processor that a server's processes have had, in ms; it is told in ticks of 10 (proc(5)). */
function cpuMsOf({ pid }: ServedUapid): number {
  const ticks = [pid, ...childrenOf(pid).map((child) => child.pid)].flatMap((each) => {
    const stat = readFileSync(`/proc/${each}/stat`, 'latin1');
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
  });
  return 10 * ticks.reduce((sum, each) => sum + each, 0);
}

test('100,000 files in the scoreboard are no reason to wait, and hide no session', {
  skip,
}, async (t) => {
  const { ftpd, uapid } = await startBoth(t);
  const first = await logIn(t, ftpd, alice);
  await ask(uapid);
  const rubbish = (number: number) => join(directory, entryName(3_000_000 + number));
  t.after(() => execFileSync('find', [directory, '-name', 'client-0[3]*', '-delete']));
  for (let number = 0; number < 100_000; number += 1) writeFileSync(rubbish(number), 'x');
  const before = cpuMsOf(uapid);
  for (let look = 0; look < 5; look += 1) {
    assert.deepEqual(rowsOf(await ask(uapid)), [[first.pid, alice.name]]);
  }
  const second = await logIn(t, ftpd, bob);
  const { data, warnings } = await ask(uapid);
  assert.deepEqual(data.map(({ pid }) => pid).sort(), [first.pid, second.pid].sort());
  assert.deepEqual(warnings, []);
  const scansMs = cpuMsOf(uapid) - before;
  const fresh = await serve(t);
  assert.equal((await ask(fresh)).data.length, 2);
  const begun = process.cpuUsage();
  for (const name of readdirSync(directory)) readFileSync(join(directory, name));
  const { user, system } = process.cpuUsage(begun);
  const readingMs = Math.round((user + system) / 1000);
  t.diagnostic(`six looks ${scansMs} ms of a processor, to read the files once ${readingMs} ms`);
  assert.ok(scansMs < readingMs / 2, `${scansMs} of ${readingMs}`);
});

test('where other users’ processes are hidden no answer promises that nobody is there', {
  skip,
}, async (t) => {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  await logIn(t, ftpd, alice);
  for (const hidepid of [1, 2]) {
    // Root without this one capability is held to hidepid as everybody is (proc(5)).
    const hide = `mount -t proc -o hidepid=${hidepid} proc /proc && exec setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace "$@"`;
    const uapid = await serve(t, { through: ['unshare', '--mount', 'sh', '-c', hide, 'sh'] });
    for (let look = 0; look < 2; look += 1) {
      const { status, warnings } = await ask(uapid);
      assert.equal(status, 200);
      assert.match(warnings.join('\n'), /Run uapid as root/, `hidepid=${hidepid}`);
    }
  }
});
