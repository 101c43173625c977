import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { entryName } from '../../../../src/daemons/pure-ftpd/scoreboard.ts';
import { everybody } from '../../../../src/sessions/scope.ts';
import { connectFtp } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { type PureFtpd, startPureFtpd } from '../../../support/pure-ftpd.ts';
import { users } from '../../../support/users.ts';
import { describeThroughAll, scoreboardDirs } from './sources.ts';

const { alice, bob } = users;
const [scoreboard = ''] = scoreboardDirs;

describeThroughAll('a daemon that keeps its records where no path leads', (collector) => {
  let ftpd: PureFtpd | undefined;

  afterEach(async () => {
    await ftpd?.stop();
    ftpd = undefined;
  });

  // As a build with another --localstatedir does, or a service with mounts of its own.
  test('shows user, peer and file of every session', async () => {
    mkdirSync(scoreboard, { recursive: true });
    await makeHome(alice, [['big.bin', 50_000_000]]);
    const mount = `mount -t tmpfs -o mode=700 tmpfs ${scoreboard} && exec "$@"`;
    const through = ['unshare', '--mount', 'sh', '-c', mount, 'sh'];
    ftpd = await startPureFtpd({ throttle: 50, through });
    const clients = [await connectFtp(ftpd), await connectFtp(ftpd)];
    await clients[0]?.login(alice.name, alice.password);
    await clients[1]?.login(bob.name, bob.password);
    await clients[0]?.startDownload('big.bin');
    const pids = await Promise.all(clients.map((client) => client.sessionPid()));
    for (const pid of pids) assert.ok(!existsSync(join(scoreboard, entryName(pid))));
    for (let look = 0; look < 2; look += 1) {
      const { sessions, gaps } = await collector.snapshot(everybody);
      const rows = pids.map((pid) => sessions.find((session) => session.pid === pid));
      assert.deepEqual(
        rows.map((row) => [row?.user, row?.remotePort, row?.file, row?.path]),
        [
          [alice.name, clients[0]?.localPort, 'big.bin', join(alice.home, 'big.bin')],
          [bob.name, clients[1]?.localPort, '', ''],
        ],
      );
      assert.deepEqual([sessions.length, gaps], [2, []]);
    }
    for (const client of clients) client.destroy();
  });
});
