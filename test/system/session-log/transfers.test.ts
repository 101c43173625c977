import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogLine, SessionLine } from '../../../src/session-log/log-line.ts';
import { startRecorder } from '../../../src/session-log/recorder.ts';
import { createTransfers, type Transferring } from '../../../src/session-log/transfers.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder, type TestUser, users } from '../../support/users.ts';

const skip = needsSandbox();
const { alice, bob } = users;
let logs = 0;

/** A pure-ftpd that writes its transfers down in this form, and what is recorded of its sessions. */
async function start(t: TestContext, form: 'stats' | 'xferlog' | 'clf' | 'w3c' | null) {
  for (const user of [alice, bob]) await makeHome(user, []);
  logs += 1;
  const log = join(sandboxFolder, `transfers-${logs}.log`);
  writeFileSync(log, '', { mode: 0o600 });
  const ftpd = await startPureFtpd(form === null ? {} : { altLog: `${form}:${log}` });
  t.after(() => ftpd.stop());
  const written: LogLine[] = [];
  const record = () =>
    startRecorder({
      directories: ['/run/pure-ftpd'],
      procRoot: '/proc',
      writesBegin: false,
      lastLineAt: null,
      nameOf: () => null,
      write: (line) => written.push(line),
    });
  const recorder = record();
  t.after(() => recorder.close());
  const logIn = async (user: TestUser): Promise<FtpClient> => {
    const client = await connectFtp(ftpd);
    await client.login(user.name, user.password);
    // A session that is over before it was seen what it writes to has no log: its process is looked at after 20 ms.
    if (form !== null) await until(() => holds(log), { what: 'the log of transfers is followed' });
    return client;
  };
  /** Ends a session and gives its line. */
  const end = async (client: FtpClient) => {
    const { localPort } = client;
    await client.quit();
    return await until(
      () =>
        written.find(
          (line): line is SessionLine => line.event === 'session' && line.port === localPort,
        ),
      { what: 'the session is in the log' },
    );
  };
  return { log, logIn, end };
}

/** Whether this process, in which the recorder is, has a file open that lies there. */
function holds(path: string): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  });
}

async function upload(client: FtpClient, name: string, bytes: number): Promise<void> {
  await (await client.startUpload(name, { bytes })).finish();
}

/** A session of alice's that this process has. */
function sessionOf(id: string, connectedAt: number): Transferring {
  return {
    daemon: 'pure-ftpd',
    master: '1 1',
    seen: 'events',
    process: { pid: process.pid },
    id: () => id,
    user: () => 'alice',
    address: () => '192.0.2.7',
    connectedAt: () => connectedAt * 1000,
  };
}

const told = ({ transfers, bytes, transfers_by: by, files = [], why }: SessionLine) => [
  transfers,
  bytes,
  by,
  files.map(({ file, bytes: each }) => `${file.split('/').at(-1)} ${each}`),
  why['transfers'] ?? null,
];

test('a session’s transfers are those that pure-ftpd’s stats log names it by, of many at the same time', {
  skip,
}, async (t) => {
  const { logIn, end } = await start(t, 'stats');
  const [one, two, other] = [await logIn(alice), await logIn(alice), await logIn(bob)];
  await Promise.all([
    upload(one, 'index one.php', 1_000),
    upload(two, 'two', 2_000),
    upload(other, 'three', 3_000),
  ]);
  // What JavaScript takes for the end of a line.
  await upload(one, 'fo\u2028ur', 4_000);
  assert.deepEqual(told(await end(one)), [
    2,
    5_000,
    'session-id',
    ['index one.php 1000', 'fo\u2028ur 4000'],
    null,
  ]);
  assert.deepEqual(told(await end(two)), [1, 2_000, 'session-id', ['two 2000'], null]);
  assert.deepEqual(told(await end(other)), [1, 3_000, 'session-id', ['three 3000'], null]);
  const idle = await logIn(alice);
  assert.deepEqual(told(await end(idle)), [0, 0, 'session-id', [], null]);
});

test('a line that the name of a customer’s folder forges in pure-ftpd’s log is not of the session that it names, whose login is another’s', {
  skip,
}, async (t) => {
  const { log, logIn, end } = await start(t, 'stats');
  const [one, other] = [await logIn(alice), await logIn(bob)];
  await upload(other, 'own', 3_000);
  const [time, session] = readFileSync(log, 'utf8').split(' ');
  const forged = `${time} ${session} ${alice.name} 127.0.0.1 U 9000 0 forged`;
  const folder = join(alice.home, `x\n${forged}`);
  mkdirSync(folder);
  chownSync(folder, alice.uid, alice.gid);
  // No command of FTP can have a line break.
  symlinkSync(`x\n${forged}`, join(alice.home, 'link'));
  await one.command('CWD link');
  await upload(one, 'two', 1_000);
  assert.ok(readFileSync(log, 'utf8').split('\n').includes(`${forged}/two`));
  assert.deepEqual(told(await end(other)), [1, 3_000, 'session-id', ['own 3000'], null]);
});

test('a log of transfers is followed when it is renamed while a session writes to it, and where another takes its place', {
  skip,
}, async (t) => {
  const { log, logIn, end } = await start(t, 'stats');
  const first = await logIn(alice);
  await upload(first, 'one', 1_000);
  renameSync(log, `${log}.1`);
  await upload(first, 'two', 1_000);
  assert.deepEqual(told(await end(first)).slice(0, 3), [2, 2_000, 'session-id']);
  // Another session writes to the file that takes its place.
  const after = await logIn(alice);
  await upload(after, 'five', 1_000);
  assert.deepEqual(told(await end(after)), [1, 1_000, 'session-id', ['five 1000'], null]);
});

test('transfers of a log that names no session are joined by time, user and address, and left open where two fit', {
  skip,
}, async (t) => {
  const { logIn, end } = await start(t, 'xferlog');
  const [one, other] = [await logIn(alice), await logIn(bob)];
  await upload(one, 'one', 1_000);
  await upload(other, 'two', 2_000);
  assert.deepEqual(told(await end(one)), [1, 1_000, 'time-user-address', ['one 1000'], null]);
  assert.deepEqual(told(await end(other)), [1, 2_000, 'time-user-address', ['two 2000'], null]);
  const twins = [await logIn(alice), await logIn(alice)];
  for (const client of twins) await upload(client, 'three', 3_000);
  for (const client of twins) {
    assert.deepEqual(told(await end(client)), [null, null, null, [], 'not-certain']);
  }
});

test('a log that is named beforehand tells of sessions whose process was never seen to hold it', {
  skip,
}, (t) => {
  const log = join(sandboxFolder, 'named.log');
  writeFileSync(log, '', { mode: 0o600 });
  const transfers = createTransfers('/proc', { 'pure-ftpd': [log] });
  t.after(() => transfers.close());
  const now = Math.floor(Date.now() / 1000);
  const id = `${now.toString(16)}.7`;
  const gone = { ...sessionOf(id, now), process: { pid: 2 ** 22 - 1 } };
  transfers.begin(gone);
  writeFileSync(log, `${now} ${id} alice 192.0.2.7 D 10 0 /a\n`, { flag: 'a' });
  assert.equal(transfers.end(gone).count, 1);
  // What lies in a folder that anybody may write to is not opened.
  const folder = join(sandboxFolder, 'open');
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  writeFileSync(join(folder, 'log'), `${now} ${id} alice 192.0.2.7 D 10 0 /a\n`);
  const wary = createTransfers('/proc', { 'pure-ftpd': [join(folder, 'log')] });
  t.after(() => wary.close());
  wary.begin(gone);
  assert.equal(wary.end(gone).why, 'no-transfer-log');
});

test('without a log of transfers nothing is told of them, and why', { skip }, async (t) => {
  const { logIn, end } = await start(t, null);
  const client = await logIn(alice);
  await upload(client, 'one', 1_000);
  assert.deepEqual(told(await end(client)), [null, null, null, [], 'no-transfer-log']);
});

test('what may be lost when a log is truncated is told, also where it has grown past its old length since', {
  skip,
}, (t) => {
  const log = join(sandboxFolder, 'truncated.log');
  // This process holds it as a daemon does.
  const fd = openSync(log, 'a', 0o600);
  const transfers = createTransfers('/proc');
  t.after(() => {
    transfers.close();
    closeSync(fd);
  });
  const connectedAt = Math.floor(Date.now() / 1000);
  const session = (number: number) =>
    sessionOf(`${connectedAt.toString(16)}.${number}`, connectedAt);
  const put = (number: number, file: string) =>
    writeSync(
      fd,
      `${connectedAt} ${connectedAt.toString(16)}.${number} alice 192.0.2.7 U 1000 1 ${file}\n`,
    );
  const [one, two, three] = [session(1), session(2), session(3)];
  transfers.begin(one);
  put(1, '/one');
  transfers.read();
  truncateSync(log);
  put(1, `/${'long'.repeat(50)}`);
  const cut = transfers.end(one);
  assert.deepEqual([cut.count, cut.why, cut.files.length], [null, 'transfer-log-cut', 2]);
  transfers.begin(two);
  put(2, '/half');
  // Half a line waits for the rest.
  writeSync(fd, `${connectedAt} ${connectedAt.toString(16)}.2 alice 192.0.2.7 U 10`);
  transfers.read();
  writeSync(fd, '00 1 /other\n');
  const whole = transfers.end(two);
  assert.deepEqual([whole.count, whole.bytes, whole.why], [2, 2_000, null]);
  // What was truncated while nobody was connected concerns nobody.
  truncateSync(log);
  transfers.begin(three);
  assert.equal(transfers.end(three).why, null);
});

for (const form of ['clf', 'w3c'] as const) {
  test(`transfers of pure-ftpd’s log in the form ${form} are joined by time, user and address, and marked as such`, {
    skip,
  }, async (t) => {
    const { logIn, end } = await start(t, form);
    const [one, other] = [await logIn(alice), await logIn(bob)];
    // No name makes a line of its own, and none is told otherwise than it is.
    const name = 'a "b" [c] é%20 200 9';
    await upload(one, name, 1_000);
    await (await one.startDownload(name)).finish();
    await upload(other, 'three', 3_000);
    const line = await end(one);
    assert.deepEqual(told(line), [
      2,
      2_000,
      'time-user-address',
      [`${name} 1000`, `${name} 1000`],
      null,
    ]);
    assert.deepEqual(
      line.files?.map(({ direction, seconds }) => [direction, seconds]),
      [
        ['upload', null],
        ['download', null],
      ],
    );
    assert.deepEqual(told(await end(other)).slice(0, 3), [1, 3_000, 'time-user-address']);
  });
}
