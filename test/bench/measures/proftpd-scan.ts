import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { makeHome } from '../../support/homes.ts';
import { childrenOf } from '../../support/processes.ts';
import { startProftpd } from '../../support/proftpd.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import type { BareReads } from '../bare-reads.ts';
import type { CrowdOrder, CrowdSession } from '../ftp-crowd.ts';
import { startHelper } from '../helper-process.ts';
import { atMost, figure, type Result } from '../result.ts';
import type { ScansTaken } from '../scans.ts';
import type { Scene } from '../scene.ts';
import { quantile, ratioOf } from '../statistics.ts';
import { inTurns, timed } from '../timing.ts';

const run = promisify(execFile);

/** The logins of more take minutes, since each waits for the lock of the scoreboard. */
const maxSessions = 300;

const file = 'large.bin';
const downloadEvery = 50;
const loginTimeoutMs = 120_000;

/** Any number of sessions, for any time. */
const unlimited = ['MaxInstances none', 'TimeoutIdle 0', 'TimeoutNoTransfer 0', 'TimeoutStalled 0'];

/** What a session of ProFTPD costs a scan, beside ProFTPD's own program that lists them. */
export async function measureProftpdScan({ hold, sizes }: Scene): Promise<Result[]> {
  const { scanRounds, scansARound } = sizes;
  const sessions = Math.min(sizes.sessions, maxSessions);
  const { alice, bob } = users;
  await hold(0);
  await makeHome(alice, [[file, 2 ** 40]]);
  const ftpd = await startProftpd({ throttle: 8, lines: unlimited });
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
    const { programs, scoreboard, env } = ftpd;
    const args = ['-o', 'oneline', '-f', scoreboard];
    const options = { env, maxBuffer: 64 * 1024 * 1024 };
    const { stdout } = await run(programs.ftpwho, args, options);
    const listed = stdout.split('\n').filter((line) => /^\s*\d+ /.test(line)).length;
    // Of many that come at once ProFTPD leaves some without a record: they wait for one lock.
    if (listed < sessions * 0.9) throw new Error(`ftpwho listed ${listed} sessions`);
    const rounds = scanRounds * scansARound;
    let pids: readonly number[] = [];
    const { ours, peers } = await inTurns(rounds, {
      ours: async () => {
        const taken = await looker.ask(1);
        pids = taken.pids;
        if (pids.length !== sessions) throw new Error(`A scan saw ${pids.length} sessions`);
        return taken.ms[0] ?? Number.NaN;
      },
      peers: () => timed(() => run(programs.ftpwho, args, options)),
    });
    const floor = quantile(await bare.ask({ pids, rounds }), 0.5);
    const perSession = (ms: readonly number[]) => ms.map((each) => (each * 1_000) / sessions);
    return [
      {
        measure: `a scan of ${sessions} sessions of ProFTPD`,
        ours: figure(perSession(ours), 'µs a session'),
        peer: { ...figure(perSession(peers), 'µs a session'), name: 'ftpwho -o oneline' },
        value: ratioOf(ours, peers).median,
        target: atMost(0.35),
        note: `the start of the program ftpwho counts, since there is no other way to ask it; one bare read of a kept file for each session: ${floor.toFixed(2)} µs`,
      },
    ];
  } finally {
    // With the clients every connection ends.
    await Promise.all([looker.stop(), crowd.stop(), bare.stop()]);
    await ftpd.stop();
  }
}
