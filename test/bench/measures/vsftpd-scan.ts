import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { makeHome } from '../../support/homes.ts';
import { childrenOf } from '../../support/processes.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { startVsftpd } from '../../support/vsftpd/vsftpd.ts';
import type { BareReads } from '../bare-reads.ts';
import type { CrowdOrder, CrowdSession } from '../ftp-crowd.ts';
import { startHelper } from '../helper-process.ts';
import { atMost, figure, type Result } from '../result.ts';
import type { ScansTaken } from '../scans.ts';
import type { Scene } from '../scene.ts';
import { quantile, ratioOf } from '../statistics.ts';
import { inTurns, timed } from '../timing.ts';

const run = promisify(execFile);

/** As for ProFTPD, so that the two can be compared. */
const maxSessions = 300;

const file = 'large.bin';
const downloadEvery = 50;
const loginTimeoutMs = 120_000;

/** What an administrator asks where vsftpd sets titles: it has no program of its own that lists sessions. */
const ps = ['-eo', 'pid,ppid,user,lstart,args'];

/** What a session of vsftpd costs a scan, beside ps. */
export async function measureVsftpdScan({ hold, sizes }: Scene): Promise<Result[]> {
  const { scanRounds, scansARound } = sizes;
  const sessions = Math.min(sizes.sessions, maxSessions);
  const rounds = scanRounds * scansARound;
  const { alice, bob } = users;
  await hold(0);
  await makeHome(alice, [[file, 2 ** 40]]);
  const ftpd = await startVsftpd({
    titles: true,
    maxRate: 8_000,
    settings: { idle_session_timeout: '86400', data_connection_timeout: '86400', max_clients: '0' },
  });
  const crowd = startHelper<CrowdOrder, null>(new URL('../ftp-crowd.js', import.meta.url));
  const looker = startHelper<number, ScansTaken>(new URL('../scans.js', import.meta.url));
  const bare = startHelper<BareReads, number[]>(new URL('../bare-reads.js', import.meta.url));
  try {
    const wanted = Array.from({ length: sessions }, (_, index): CrowdSession => {
      const isDownload = index % downloadEvery === 0;
      return isDownload ? { user: alice, download: file } : { user: bob, download: null };
    });
    await crowd.ask({ host: ftpd.host, port: ftpd.port, hold: wanted });
    await until(() => childrenOf(ftpd.pid).length === sessions, {
      what: `${sessions} sessions are there`,
      timeoutMs: loginTimeoutMs,
      everyMs: 100,
    });
    let pids: readonly number[] = [];
    const look = async () => {
      const taken = await looker.ask(1);
      pids = taken.pids;
      return taken.ms[0] ?? Number.NaN;
    };
    // The title follows the reply to the login.
    await until(async () => (await look()) >= 0 && pids.length === sessions, {
      what: `a scan sees ${sessions} sessions`,
      timeoutMs: loginTimeoutMs,
    });
    const { ours, peers } = await inTurns(rounds, {
      ours: async () => {
        const ms = await look();
        if (pids.length !== sessions) throw new Error(`A scan saw ${pids.length} sessions`);
        return ms;
      },
      peers: () => timed(() => run('ps', ps, { maxBuffer: 64 * 1024 * 1024 })),
    });
    const floor = quantile(await bare.ask({ pids, rounds }), 0.5);
    const perSession = (ms: readonly number[]) => ms.map((each) => (each * 1_000) / sessions);
    return [
      {
        measure: `a scan of ${sessions} sessions of vsftpd`,
        ours: figure(perSession(ours), 'µs a session'),
        peer: { ...figure(perSession(peers), 'µs a session'), name: `ps ${ps.join(' ')}` },
        value: ratioOf(ours, peers).median,
        target: atMost(0.1),
        note: `the start of the program ps counts, and each session is two processes; one bare read of a kept file for each session: ${floor.toFixed(2)} µs`,
      },
    ];
  } finally {
    // With the clients every connection ends.
    await Promise.all([looker.stop(), crowd.stop(), bare.stop()]);
    await ftpd.stop();
  }
}
