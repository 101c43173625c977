import { makeHome } from '../support/homes.ts';
import { childrenOf } from '../support/processes.ts';
import { startPureFtpd } from '../support/pure-ftpd.ts';
import { until } from '../support/until.ts';
import { users } from '../support/users.ts';
import type { CrowdOrder, CrowdSession } from './ftp-crowd.ts';
import { startHelper } from './helper-process.ts';
import type { Sizes } from './sizes.ts';

/** A real pure-ftpd with as many real sessions as a measure wants. */
export interface Scene {
  readonly sizes: Sizes;
  /** Resolves when exactly so many are logged in: the first 5 are bob's, every 50th downloads. */
  hold(sessions: number): Promise<void>;
  /** So many of alice's sessions come and go at once, on top of those that are held. */
  visit(visits: number): Promise<void>;
  stop(): Promise<void>;
}

/** The account whose few sessions are asked for among those of everybody. */
export const fewSessions = { user: users.bob, count: 5 };

const downloadEvery = 50;
const firstDownload = 10;
const file = 'large.bin';
const loginTimeoutMs = 120_000;

/** Starts the daemon and the process with its clients. */
export async function startScene(sizes: Sizes): Promise<Scene> {
  const { alice, bob, carol, dave } = users;
  for (const user of [alice, carol, dave]) {
    await makeHome(user, [[file, 2 ** 40]]);
  }
  const ftpd = await startPureFtpd({
    throttle: 8,
    // Any number of sessions, idle for ten hours.
    args: ['-c', '20000', '-C', '20000', '-I', '600'],
  });
  const crowd = startHelper<CrowdOrder, null>(new URL('ftp-crowd.js', import.meta.url));
  const { host, port } = ftpd;
  let held = 0;

  const sessionOf = (index: number): CrowdSession => {
    const user = index < fewSessions.count ? bob : [alice, carol, dave][index % 3];
    const isDownload = index % downloadEvery === firstDownload;
    return { user: user ?? alice, download: isDownload ? file : null };
  };
  const settled = () =>
    until(() => childrenOf(ftpd.pid).length === held, {
      what: `${held} sessions are there`,
      timeoutMs: loginTimeoutMs,
      everyMs: 100,
    });
  const hold = async (sessions: number) => {
    held = sessions;
    await crowd.ask({ host, port, hold: Array.from({ length: sessions }, (_, i) => sessionOf(i)) });
    await settled();
  };
  return {
    sizes,
    hold,
    async visit(visits) {
      await crowd.ask({ host, port, visits, visitor: alice });
      await settled();
    },
    async stop() {
      // With it every connection ends.
      await crowd.stop();
      held = 0;
      await settled().catch(() => undefined);
      await ftpd.stop();
    },
  };
}
