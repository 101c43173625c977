import { setTimeout as sleep } from 'node:timers/promises';
import { connectFtp, type FtpClient } from '../support/ftp-client.ts';
import { makeHome } from '../support/homes.ts';
import type { HostDaemon } from '../support/host-daemons.ts';
import { users } from '../support/users.ts';
import type { VirtualUser } from '../support/virtual-users.ts';

const { alice, bob } = users;

/** Logs in by a name of its own; its sessions belong to alice. */
export const dev: VirtualUser = {
  name: 'dev@alice.example',
  password: `dev-${alice.password}`,
  owner: alice,
};

type Visit = (client: FtpClient, pause: (ms: number) => Promise<void>) => Promise<void>;

/**
 * Keeps users busy on this daemon until `ended`: a visitor who has done its part comes again.
 * Resolves when all of them have left; rejects when one of them could not do its part.
 */
export async function keepUsersBusy(ftpd: HostDaemon, ended: AbortSignal): Promise<void> {
  await makeHome(alice, [
    ['backup.tar.gz', 3_000_000],
    ['public_html/größe 1.jpg', 1_000_000],
  ]);
  await Promise.all([
    comeAgain(ftpd, alice, ended, async (client) => {
      const transfer = await client.startDownload('backup.tar.gz');
      await transfer.finish();
    }),
    comeAgain(ftpd, bob, ended, async (client, pause) => {
      const transfer = await client.startUpload('holiday.mp4');
      await pause(10_000);
      await transfer.finish();
    }),
    comeAgain(ftpd, dev, ended, async (client, pause) => {
      await pause(3_000);
      const transfer = await client.startDownload('public_html/größe 1.jpg');
      await transfer.finish();
    }),
  ]);
}

async function comeAgain(
  ftpd: Pick<HostDaemon, 'host' | 'port'>,
  user: { readonly name: string; readonly password: string },
  ended: AbortSignal,
  visit: Visit,
): Promise<void> {
  const pause = async (ms: number) => await sleep(ms, undefined, { signal: ended });
  while (!ended.aborted) {
    const client = await connectFtp({ host: ftpd.host, port: ftpd.port });
    const leave = () => client.destroy();
    ended.addEventListener('abort', leave);
    try {
      await client.login(user.name, user.password);
      await visit(client, pause);
      await client.quit();
      await pause(1_000);
    } catch (error) {
      if (!ended.aborted) {
        throw error;
      }
    } finally {
      ended.removeEventListener('abort', leave);
      client.destroy();
    }
  }
}

/** Keeps alice and bob busy at a host that may stop answering at any time, until `ended`. */
export async function visitorsOf(
  ftpd: Pick<HostDaemon, 'host' | 'port'>,
  ended: AbortSignal,
): Promise<void> {
  const again = async (user: typeof alice, visit: Visit) => {
    while (!ended.aborted) {
      try {
        await comeAgain(ftpd, user, ended, visit);
      } catch {
        await sleep(1_000, undefined, { signal: ended }).catch(() => undefined);
      }
    }
  };
  await Promise.all([
    again(alice, async (client) => {
      const transfer = await client.startDownload('backup.tar.gz');
      await transfer.finish();
    }),
    again(bob, async (client, pause) => {
      const transfer = await client.startUpload(`holiday-${ftpd.port}.mp4`);
      await pause(10_000);
      await transfer.finish();
    }),
  ]);
}
