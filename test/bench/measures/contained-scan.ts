import { randomBytes } from 'node:crypto';
import { makeCgroup } from '../../support/cgroups.ts';
import { createCleanup } from '../../support/cleanup.ts';
import { startContained } from '../../support/contained/container.ts';
import { containedDaemons } from '../../support/contained/daemons.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import type { CrowdOrder } from '../ftp-crowd.ts';
import { startHelper } from '../helper-process.ts';
import { atMost, figure, type Result } from '../result.ts';
import type { ScansTaken, ScansWanted } from '../scans.ts';
import type { Scene } from '../scene.ts';
import { ratioOf } from '../statistics.ts';
import { inTurns } from '../timing.ts';

/** Each is read anew in each scan, and as many as are looked at of an account. */
const maxSessions = 300;

const loginTimeoutMs = 120_000;

/** What an idle session of pure-ftpd in a container costs a scan, beside one of this host's. */
export async function measureContainedScan({ hold, sizes }: Scene): Promise<Result[]> {
  const { scanRounds, scansARound } = sizes;
  const sessions = Math.min(sizes.sessions, maxSessions);
  const cleanup = createCleanup();
  const user = { name: 'contained', password: randomBytes(9).toString('hex') };
  const crowd = startHelper<CrowdOrder, null>(new URL('../ftp-crowd.js', import.meta.url));
  const ofHost = startHelper<number, ScansTaken>(new URL('../scans.js', import.meta.url));
  const ofBoth = startHelper<ScansWanted, ScansTaken>(new URL('../scans.js', import.meta.url));
  try {
    await hold(sessions);
    const cgroup = makeCgroup(cleanup, `uapid-bench-${randomBytes(6).toString('hex')}`);
    const daemonOf = containedDaemons['pure-ftpd'];
    if (daemonOf === undefined) throw new Error('no pure-ftpd for a container');
    const command = await daemonOf({
      virtualUsers: [{ ...user, owner: users.bob }],
      root: 0,
      args: ['-c', '20000', '-C', '20000', '-I', '600'],
    });
    const { port } = await startContained(cleanup, { cgroup, hasOwnNetwork: false }, command);
    const wanted = Array.from({ length: sessions }, () => ({ user, download: null }));
    await crowd.ask({ host: '127.0.0.1', port, hold: wanted });
    const scanBoth = async (isWarm = true) => {
      const { ms, pids } = await ofBoth.ask({ count: 1, cgroup: cgroup.path });
      if (isWarm && pids.length !== 2 * sessions) {
        throw new Error(`A scan saw ${pids.length} sessions`);
      }
      return { ms: ms[0] ?? Number.NaN, pids };
    };
    await until(async () => (await scanBoth(false)).pids.length === 2 * sessions, {
      what: `a scan sees ${2 * sessions} sessions`,
      timeoutMs: loginTimeoutMs,
    });
    const { host, both } = await inTurns(scanRounds * scansARound, {
      host: async () => (await ofHost.ask(1)).ms[0] ?? Number.NaN,
      both: async () => (await scanBoth()).ms,
    });
    const perSession = (ms: readonly number[]) => ms.map((each) => (each * 1_000) / sessions);
    const added = both.map((each, index) => each - (host[index] ?? Number.NaN));
    return [
      {
        measure: `a scan of ${sessions} sessions of pure-ftpd in a container`,
        ours: figure(perSession(added), 'µs a session'),
        peer: { ...figure(perSession(host), 'µs a session'), name: 'itself, this host’s' },
        value: ratioOf(added, host).median,
        target: atMost(1.05),
        note: 'what a scan takes longer by them; of one that has not run its cgroup is asked, too',
      },
    ];
  } finally {
    // With the clients every connection ends.
    await Promise.all([crowd.stop(), ofHost.stop(), ofBoth.stop()]);
    await cleanup.run();
  }
}
