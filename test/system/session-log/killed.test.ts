import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { GapLine, SessionLine } from '../../../src/session-log/log-line.ts';
import { readHistory } from '../../../src/session-log/read-history.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import type { FtpDaemon } from '../../support/ftp-daemon.ts';
import { makeHome } from '../../support/homes.ts';
import { readLogLinesNow } from '../../support/log-lines.ts';
import { childrenOf, processStat, titleOf } from '../../support/processes.ts';
import { startProftpd } from '../../support/proftpd.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { type RunningUapid, startUapid } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder, users } from '../../support/users.ts';

const skip = needsSandbox();
const { alice } = users;

const titles = {
  recorder: 'uapid: session log',
  scanner: 'uapid: scan',
  worker: 'uapid: http',
} as const;

/** What a client did, to be held against the log. */
interface Visit {
  readonly daemon: string;
  readonly pid: number;
  readonly connectedAt: number;
  endedAt: number;
}

/** Two real daemons, a server with a log that outlives it, and clients that keep account of themselves. */
async function scene(t: TestContext) {
  await makeHome(alice, []);
  const ftpds: Readonly<Record<string, FtpDaemon & { readonly scoreboard?: string }>> = {
    'pure-ftpd': await startPureFtpd(),
    proftpd: await startProftpd(),
  };
  for (const each of Object.values(ftpds)) t.after(() => each.stop());
  const path = join(sandboxFolder, 'killed.log');
  const flags = ['--session-log', path, '--session-log-begin'];
  const board = ftpds['proftpd']?.scoreboard ?? assert.fail();
  const servers: RunningUapid[] = [];
  const serve = async () => {
    const uapid = await startUapid([...flags, '--proftpd-scoreboard', board]);
    t.after(() => uapid.stop());
    servers.push(uapid);
  };
  await serve();
  const server = () => servers.at(-1) ?? assert.fail();
  const lines = () => readLogLinesNow(path);
  const visits: Visit[] = [];
  const connect = async (daemon: string) => {
    const client = await connectFtp(ftpds[daemon] ?? assert.fail());
    await client.login(alice.name, alice.password);
    const pid = await client.sessionPid();
    const visit: Visit = { daemon, pid, connectedAt: Date.now(), endedAt: 0 };
    visits.push(visit);
    const leave = async () => {
      await client.quit();
      await until(() => processStat(pid) === undefined, { what: 'its process is gone' });
      visit.endedAt = Date.now();
    };
    return { client, visit, leave };
  };
  const has = (event: string, { daemon, pid }: Visit) =>
    lines().some(
      (line) =>
        'user' in line && line.event === event && line.daemon === daemon && line.pid === pid,
    );
  /** The process of that title, another one than `before`. */
  const processOf = (title: string, before = 0) =>
    until(
      () =>
        childrenOf(server().pid).find(
          ({ pid }) => pid !== before && titleOf(pid)?.startsWith(title),
        )?.pid,
      { what: `there is ${title}`, timeoutMs: 60_000 },
    );
  return { path, serve, server, visits, connect, has, processOf };
}

test('a kill of any process of uapid in the middle of sessions loses none silently and tells none twice', {
  skip,
}, async (t) => {
  const { path, serve, server, visits, connect, has, processOf } = await scene(t);
  const authorization = () =>
    `Basic ${Buffer.from(`${server().user}:${server().password}`).toString('base64')}`;
  const list = () =>
    fetch(`${server().url}/execute/Ftp/list_sessions`, {
      headers: { authorization: authorization() },
    });
  const daemons = ['pure-ftpd', 'proftpd'];
  const open = async () => Promise.all(daemons.map(connect));
  const isRecorded = async (event: string, them: readonly { readonly visit: Visit }[]) => {
    for (const { visit } of them)
      await until(() => has(event, visit), { what: `${event} of ${visit.daemon} is in the log` });
  };
  await processOf(titles.recorder);
  await (await list()).text();
  for (const name of ['scanner', 'worker', 'recorder', 'monitor'] as const) {
    const stay = await open();
    await isRecorded('begin', stay);
    if (name === 'monitor') {
      const { pid } = server();
      const family = childrenOf(pid);
      process.kill(pid, 'SIGKILL');
      await until(
        () => family.every((each) => processStat(each.pid)?.startTime !== each.startTime),
        {
          what: 'all of its processes are gone',
        },
      );
      // In the time in which nothing ran one leaves that was recorded, and others come and go.
      const unseen = await open();
      await Promise.all(unseen.map(({ leave }) => leave()));
      await stay[0]?.leave();
      await serve();
      await processOf(titles.recorder);
    } else {
      const before = await processOf(titles[name]);
      process.kill(before, 'SIGKILL');
      const meanwhile = await open();
      await processOf(titles[name], before);
      // Shorter ones of ProFTPD's may be missing at any time.
      await isRecorded('begin', meanwhile);
      await Promise.all(meanwhile.map(({ leave }) => leave()));
      await isRecorded('session', meanwhile);
    }
    await Promise.all(stay.filter(({ visit }) => visit.endedAt === 0).map(({ leave }) => leave()));
    await isRecorded('session', stay.slice(name === 'monitor' ? 1 : 0));
    const after = await open();
    await isRecorded('begin', after);
    await Promise.all(after.map(({ leave }) => leave()));
    await isRecorded('session', after);
  }

  const sessions: SessionLine[] = [];
  const gaps: GapLine[] = [];
  await readHistory(
    path,
    { scope: { kind: 'everybody' }, login: null, from: null, since: null, until: null },
    { onSession: (line) => sessions.push(line), onGap: (gap) => gaps.push(gap) },
  );
  const isIn = ({ daemon, pid }: Visit) =>
    sessions.filter((line) => line.daemon === daemon && line.pid === pid).length;
  const isTold = ({ connectedAt, endedAt }: Visit) =>
    gaps.some(
      ({ cause, since, at }) =>
        cause === 'not-running' &&
        Date.parse(since ?? at) <= endedAt &&
        Date.parse(at) >= connectedAt,
    );
  const lost = visits.filter((visit) => isIn(visit) === 0);
  assert.deepEqual(
    lost.filter((visit) => !isTold(visit)),
    [],
    'what is missing is told',
  );
  assert.deepEqual(
    visits.filter((visit) => isIn(visit) > 1),
    [],
    'none is there twice',
  );
  assert.equal(sessions.length, visits.length - lost.length, 'none is invented');
  assert.deepEqual([...new Set(sessions.map(({ user }) => user))], [alice.name]);
  for (const { owner, why, end } of sessions) {
    assert.ok(owner === alice.uid || why['owner'] === 'over-too-soon');
    assert.ok(end !== null);
  }
  const unseen = sessions.filter(({ why }) => why['ended_at'] === 'not-seen');
  assert.equal(unseen.length, 1, 'the end of the one that left meanwhile is told as not seen');
});
