import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogLine, SessionLine } from '../../../src/session-log/log-line.ts';
import { startRecorder } from '../../../src/session-log/recorder.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import type { FtpDaemon } from '../../support/ftp-daemon.ts';
import { makeHome } from '../../support/homes.ts';
import { readLogLinesNow } from '../../support/log-lines.ts';
import { childrenOf, titleOf } from '../../support/processes.ts';
import { startProftpd } from '../../support/proftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { startUapid } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder, users } from '../../support/users.ts';
import { startVsftpd } from '../../support/vsftpd/vsftpd.ts';

const skip = needsSandbox();
const { alice } = users;
let logs = 0;

/** A server with a session log, what stands there, and how to ask for the sessions of now. */
async function serve(t: TestContext) {
  logs += 1;
  const path = join(sandboxFolder, `looked-${logs}.log`);
  const uapid = await startUapid(['--session-log', path]);
  t.after(() => uapid.stop());
  const authorization = `Basic ${Buffer.from(`${uapid.user}:${uapid.password}`).toString('base64')}`;
  const call = async (target: string) =>
    (await (
      await fetch(`${uapid.url}/execute/Ftp/${target}`, { headers: { authorization } })
    ).json()) as { readonly data: { readonly pid: number }[] };
  const lines = () => readLogLinesNow(path);
  const lineOf = (port: number) =>
    until(
      () =>
        lines().find((line): line is SessionLine => line.event === 'session' && line.port === port),
      { what: 'its end is in the log' },
    );
  return { uapid, path, call, lines, lineOf };
}

const daemons: Readonly<Record<string, () => Promise<Pick<FtpDaemon, 'host' | 'port' | 'stop'>>>> =
  {
    proftpd: () =>
      startProftpd({ lines: [`TransferLog ${join(sandboxFolder, 'proftpd-xferlog')}`] }),
    vsftpd: () => startVsftpd({ titles: true, settings: { xferlog_std_format: 'YES' } }),
  };

for (const [name, start] of Object.entries(daemons)) {
  test(`a session of ${name} that somebody asked for is in the log when it is over, with its transfers`, {
    skip,
  }, async (t) => {
    await makeHome(alice, []);
    const ftpd = await start();
    t.after(() => ftpd.stop());
    const { call, lines, lineOf } = await serve(t);
    const client = await connectFtp(ftpd);
    await client.login(alice.name, alice.password);
    const { localPort } = client;
    const begunAt = Date.now();
    assert.equal((await call('list_sessions')).data.length, 1);
    await (await client.startUpload('index.php', { bytes: 1_000 })).finish();
    await client.quit();
    const endedAt = Date.now();
    const line = await lineOf(localPort);
    const {
      daemon,
      user,
      owner,
      address,
      end,
      seen,
      transfers,
      bytes,
      transfers_by: by,
      user_proven: isProven,
    } = line;
    assert.deepEqual(
      [daemon, user, owner, address, end, seen, transfers, bytes, by],
      [name, alice.name, alice.uid, '127.0.0.1', 'unknown', 'looks', 1, 1_000, 'looks'],
    );
    assert.equal(isProven, name === 'proftpd', 'vsftpd proves no login');
    assert.match(line.files?.[0]?.file ?? '', /index\.php$/);
    assert.ok(Math.abs(Date.parse(line.connected_at ?? '') - begunAt) <= 2_000);
    const late = Date.parse(line.ended_at ?? '') - endedAt;
    assert.ok(late > -1_000 && late < 2_000, `${late} ms after its end`);
    const [gap] = lines().filter(({ event }) => event === 'gap');
    assert.deepEqual(
      [gap?.event === 'gap' && gap.cause, gap?.daemon],
      ['looks-only', name],
      'that others may be missing stands before',
    );
    const { metadata } = (await call('list_history')) as unknown as {
      readonly metadata: { readonly warning_codes: readonly string[] };
    };
    assert.deepEqual(metadata.warning_codes, ['history-looks']);
  });
}

test('of 100 uploads of 1 kB to ProFTPD nearly each is in the log once by its scoreboard’s events, though nobody looked', {
  skip,
}, async (t) => {
  await makeHome(alice, []);
  const ftpd = await startProftpd();
  t.after(() => ftpd.stop());
  const written: LogLine[] = [];
  const recorder = startRecorder({
    directories: [],
    scoreboards: [ftpd.scoreboard],
    procRoot: '/proc',
    writesBegin: false,
    lastLineAt: null,
    nameOf: () => null,
    write: (line) => written.push(line),
  });
  t.after(() => recorder.close());
  const visits = async () => {
    for (let i = 0; i < 25; i += 1) {
      const client = await connectFtp(ftpd);
      await client.login(alice.name, alice.password);
      await (await client.startUpload('f', { bytes: 1_000 })).finish();
      await client.quit();
    }
  };
  const sessions = () => written.filter((line): line is SessionLine => line.event === 'session');
  let [rounds, found] = [0, 0];
  // This process has the clients, too: where others hold it up for longer than a session lasts, that one is missing.
  while (rounds < 3 && found < 80) {
    rounds += 1;
    const before = sessions().length;
    await Promise.all([1, 2, 3, 4].map(visits));
    const isThere = () => sessions().length - before >= 80;
    await until(isThere, { what: 'they are in the log', timeoutMs: 5_000 }).catch(() => {});
    found = sessions().length - before;
  }
  assert.ok(found >= 80, `${found} of 100`);
  assert.equal(new Set(sessions().map(({ id }) => id)).size, sessions().length);
  assert.ok(sessions().length <= rounds * 100);
  assert.deepEqual(
    new Set(
      sessions().map((line) =>
        [line.user, line.address, line.seen, line.user_proven, line.why['port']].join(),
      ),
    ),
    new Set([[alice.name, '127.0.0.1', 'events', true, 'not-in-record'].join()]),
  );
  const owned = sessions().filter(({ owner, why }) => owner !== null || why['owner'] === undefined);
  assert.ok(owned.length > 50, `of ${owned.length} the owner is known`);
  assert.ok(owned.every(({ owner }) => owner === alice.uid));
  const gaps = written.flatMap((line) => (line.event === 'gap' ? line.cause : []));
  assert.deepEqual(gaps, ['slots-only'], 'that shorter ones may be missing is told');
});

test('a session that a scan saw is in the log once, though the recorder was killed in between and the log rotated', {
  skip,
}, async (t) => {
  await makeHome(alice, []);
  const ftpd = await startProftpd();
  t.after(() => ftpd.stop());
  const { uapid, path, call, lines, lineOf } = await serve(t);
  const client = await connectFtp(ftpd);
  await client.login(alice.name, alice.password);
  const { localPort } = client;
  await call('list_sessions');
  await until(() => lines().length > 0, { what: 'the recorder was told' });
  const recorder = () =>
    childrenOf(uapid.pid).find(({ pid }) => titleOf(pid) === 'uapid: session log');
  process.kill(recorder()?.pid ?? assert.fail(), 'SIGKILL');
  await until(() => lines().filter(({ event }) => event === 'gap').length > 3, {
    what: 'another recorder is told what this one was, and says what may be missing',
  });
  renameSync(path, `${path}.1`);
  await client.quit();
  await lineOf(localPort);
  const causes = lines().map((line) => (line.event === 'gap' ? line.cause : line.event));
  assert.deepEqual(causes, ['slots-only', 'session'], 'a new file says of itself what is missing');
});
