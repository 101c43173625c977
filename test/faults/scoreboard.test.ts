import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { entryName } from '../../src/ftp/pure-ftpd/scoreboard.ts';
import { type Answer, ask } from '../boundary/ask.ts';
import { type ServedUapid, serve } from '../boundary/served.ts';
import { scoreboardDirs } from '../ftp/pure-ftpd/sources.ts';
import { connectFtp, type FtpClient } from '../support/ftp-client.ts';
import { processStat } from '../support/processes.ts';
import { type PureFtpd, startPureFtpd } from '../support/pure-ftpd.ts';
import { needsSandbox } from '../support/sandbox.ts';
import { until } from '../support/until.ts';
import { type TestUser, users } from '../support/users.ts';

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

/** Gives an entry's path to something else; the file that the session itself has stays its own. */
const spoilt: [what: string, spoil: (path: string, good: Buffer) => void, warning: RegExp][] = [
  ['removed', () => {}, /has no entry for one session/],
  ['of half its size', (path, good) => put(path, good.subarray(0, 732)), /a layout that uapid/],
  [
    'of another size',
    (path, good) => put(path, Buffer.concat([good, good])),
    /a layout that uapid/,
  ],
  ['full of zeros', (path, good) => put(path, Buffer.alloc(good.length)), /a layout that uapid/],
  ['another pid’s', (path, good) => put(path, withPid(good, 1)), /has no entry for one session/],
  ['a copy', (path, good) => put(path, good), /has no entry for one session/],
  ['a symbolic link', (path) => symlinkSync('/etc/passwd', path), /may not be read/],
  ['a pipe', (path) => execFileSync('mkfifo', [path]), /may not be read/],
  ['a directory', (path) => mkdirSync(path), /may not be read/],
  [
    'for all to write',
    (path, good) => put(path, good, () => chmodSync(path, 0o666)),
    /may not be read/,
  ],
  [
    'another user’s',
    (path, good) => put(path, good, () => chownSync(path, 9, 9)),
    /may not be read/,
  ],
];

function put(path: string, bytes: Buffer, spoil = () => {}): void {
  writeFileSync(path, bytes, { mode: 0o600 });
  spoil();
}

function withPid(bytes: Buffer, pid: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeInt32LE(pid, 4);
  return copy;
}

test('a session whose entry is spoilt is listed without its user, and a warning says why', {
  skip,
}, async (t) => {
  const { ftpd, uapid } = await startBoth(t);
  const whole = await logIn(t, ftpd, bob);
  for (const [what, spoil, warning] of spoilt) {
    const { client, pid } = await logIn(t, ftpd, alice);
    const path = join(directory, entryName(pid));
    const good = readFileSync(path);
    rmSync(path);
    spoil(path, good);
    for (let look = 0; look < 2; look += 1) {
      const answer = await ask(uapid);
      const rows = rowsOf(answer).sort(([a], [b]) => Number(a) - Number(b));
      assert.deepEqual(
        rows,
        [
          [whole.pid, bob.name],
          [pid, ''],
        ],
        what,
      );
      assert.ok(answer.warnings.length === 1, `${what}: ${answer.warnings}`);
      assert.match(answer.warnings[0] ?? '', warning, what);
    }
    await leave(client, pid);
    rmSync(path, { recursive: true, force: true });
    const after = await ask(uapid);
    assert.deepEqual([rowsOf(after), after.warnings], [[[whole.pid, bob.name]], []], what);
  }
});

test('an entry that is cut and filled again while it is read never makes half a row', {
  skip,
}, async (t) => {
  const { ftpd, uapid } = await startBoth(t);
  const { pid } = await logIn(t, ftpd, alice);
  const path = join(directory, entryName(pid));
  const [good, own] = [`${path}.good`, `${path}.own`];
  writeFileSync(good, readFileSync(path), { mode: 0o600 });
  // The session's own file stays whole: pure-ftpd itself would end of a cut one (SIGBUS).
  renameSync(path, own);
  const command = 'umask 077; while :; do : > "$1"; cat "$2" > "$1"; done';
  const cutter = spawn('sh', ['-c', command, 'sh', path, good], { stdio: 'ignore' });
  t.after(() => cutter.kill('SIGKILL'));
  for (let look = 0; look < 50; look += 1) {
    const answer = await ask(uapid);
    assert.deepEqual(rowsOf(answer), [[pid, '']]);
    assert.match(answer.warnings.join(), /has no entry|a layout that uapid/);
  }
  cutter.kill('SIGKILL');
  await until(() => cutter.signalCode !== null, { what: 'the cutter is gone' });
  rmSync(good);
  renameSync(own, path);
  await until(async () => rowsOf(await ask(uapid))[0]?.[1] === alice.name, { what: 'it is whole' });
});

/** Faults of the whole directory, and what undoes each. */
const directoryFaults: [what: string, spoil: () => void, mend: () => void, warning: RegExp][] = [
  [
    'missing',
    () => renameSync(directory, `${directory}.away`),
    () => renameSync(`${directory}.away`, directory),
    /has no entry for/,
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
    /has no entry for|may not be read/,
  ],
  [
    'for all to write',
    () => chmodSync(directory, 0o777),
    () => chmodSync(directory, 0o755),
    /may not be read/,
  ],
  [
    'another user’s',
    () => chownSync(directory, 9, 9),
    () => chownSync(directory, 0, 0),
    /may not be read/,
  ],
];

test('without a scoreboard that can be believed every session is listed, and a warning says why', {
  skip,
}, async (t) => {
  const { ftpd, uapid } = await startBoth(t);
  for (const [what, spoil, mend, warning] of directoryFaults) {
    const known = await logIn(t, ftpd, alice);
    for (let look = 0; look < 2; look += 1) {
      assert.deepEqual(rowsOf(await ask(uapid)), [[known.pid, alice.name]], what);
    }
    const unknown = await logIn(t, ftpd, bob);
    spoil();
    for (let look = 0; look < 2; look += 1) {
      const answer = await ask(uapid);
      assert.deepEqual(
        answer.data.map(({ pid }) => pid).sort(),
        [known.pid, unknown.pid].sort(),
        what,
      );
      assert.equal(answer.data.find(({ pid }) => pid === unknown.pid)?.user, '', what);
      assert.match(answer.warnings.join('\n'), warning, what);
    }
    mend();
    const mended = await until(
      async () => {
        const answer = await ask(uapid);
        return answer.warnings.length === 0 ? answer : null;
      },
      { what: `all is known again after: ${what}` },
    );
    assert.deepEqual(
      rowsOf(mended)
        .map(([, user]) => user)
        .sort(),
      [alice.name, bob.name],
      what,
    );
    for (const { client, pid } of [known, unknown]) await leave(client, pid);
  }
});

test('100,000 files in the scoreboard are no reason to wait, and hide no session', {
  skip,
}, async (t) => {
  const { ftpd, uapid } = await startBoth(t);
  const first = await logIn(t, ftpd, alice);
  await ask(uapid);
  const rubbish = (number: number) => join(directory, entryName(3_000_000 + number));
  t.after(() => execFileSync('find', [directory, '-name', 'client-0[3]*', '-delete']));
  for (let number = 0; number < 100_000; number += 1) writeFileSync(rubbish(number), 'x');
  const tookMs: number[] = [];
  const timed = async () => {
    const begun = performance.now();
    const answer = await ask(uapid);
    tookMs.push(performance.now() - begun);
    return answer;
  };
  for (let look = 0; look < 5; look += 1) {
    assert.deepEqual(rowsOf(await timed()), [[first.pid, alice.name]]);
  }
  const second = await logIn(t, ftpd, bob);
  const { data, warnings } = await timed();
  assert.deepEqual(data.map(({ pid }) => pid).sort(), [first.pid, second.pid].sort());
  assert.deepEqual(warnings, []);
  const fresh = await serve(t);
  assert.equal((await ask(fresh)).data.length, 2);
  t.diagnostic(`${tookMs.map(Math.round)} ms`);
  assert.ok(Math.max(...tookMs) < 2000, `${tookMs}`);
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
