import assert from 'node:assert/strict';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { everybody } from '../../../../src/sessions/scope.ts';
import { connectFtp, type FtpClient } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { type PureFtpd, startPureFtpd } from '../../../support/pure-ftpd.ts';
import { users } from '../../../support/users.ts';
import { describeThroughAll } from './sources.ts';

const { alice, bob } = users;
const log = '/run/transfers.log';

describeThroughAll('the full path of a transfer', (collector) => {
  let ftpd: PureFtpd;
  const clients: FtpClient[] = [];

  beforeEach(async () => {
    await makeHome(alice, [
      ['big.bin', 50_000_000],
      ['folder/deep/big.bin', 50_000_000],
      ['transfers.log', 50_000_000],
    ]);
    // The daemon's own log is open all the time, as an upload's file would be.
    ftpd = await startPureFtpd({ throttle: 50, args: ['-O', `clf:${log}`] });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await ftpd.stop();
    rmSync(log, { force: true });
  });

  async function login(user: typeof alice): Promise<FtpClient> {
    const client = await connectFtp(ftpd);
    clients.push(client);
    await client.login(user.name, user.password);
    return client;
  }

  /** What two scans in a row show of one session: state, name and path. */
  async function seen(client: FtpClient): Promise<(string | null)[]> {
    const pid = await client.sessionPid();
    const looks = [await collector.snapshot(everybody), await collector.snapshot(everybody)];
    const [first, second] = looks.map(({ sessions }) => {
      const row = sessions.find((session) => session.pid === pid);
      return [row?.state ?? null, row?.file ?? null, row?.path ?? null];
    });
    assert.deepEqual(second, first);
    return first ?? [];
  }

  test('is that of the file, wherever the client is and however it names it', async () => {
    const client = await login(alice);
    assert.deepEqual(await seen(client), ['idle', '', '']);
    const transfer = await client.startDownload('big.bin');
    assert.deepEqual(await seen(client), ['download', 'big.bin', `${alice.home}/big.bin`]);
    await transfer.abort();
    await client.command('CWD folder');
    const next = await client.startDownload('deep/../deep/big.bin');
    const path = `${alice.home}/folder/deep/big.bin`;
    assert.deepEqual(await seen(client), ['download', 'deep/../deep/big.bin', path]);
    await next.abort();
    assert.deepEqual(await seen(client), ['idle', '', '']);
  });

  test('is the file’s own behind a link', async () => {
    rmSync(join(alice.home, 'link.bin'), { force: true });
    symlinkSync('folder/deep/big.bin', join(alice.home, 'link.bin'));
    const client = await login(alice);
    await client.startDownload('link.bin');
    const path = `${alice.home}/folder/deep/big.bin`;
    assert.deepEqual(await seen(client), ['download', 'link.bin', path]);
  });

  test('is never the daemon’s log, even for a file of its name', async () => {
    const client = await login(alice);
    await client.startDownload('transfers.log');
    assert.deepEqual(await seen(client), [
      'download',
      'transfers.log',
      `${alice.home}/transfers.log`,
    ]);
    const other = await login(bob);
    await other.startUpload('transfers.log', { bytes: 3_000 });
    // The other file of that name that is open for writing lies outside of the session's root.
    assert.deepEqual(await seen(other), ['upload', 'transfers.log', `${bob.home}/transfers.log`]);
  });

  test('of an upload is that of its file, and of one that resumes, of its temporary file', async () => {
    rmSync(join(bob.home, 'up.bin'), { force: true });
    const client = await login(bob);
    const transfer = await client.startUpload('up.bin', { bytes: 3_000 });
    assert.deepEqual(await seen(client), ['upload', 'up.bin', `${bob.home}/up.bin`]);
    await transfer.finish();
    await client.command('REST 1000');
    await client.startUpload('up.bin', { bytes: 3_000 });
    const [state, file, path] = await seen(client);
    assert.deepEqual([state, file], ['upload', 'up.bin']);
    assert.match(path ?? '', /^\/run\/uapid-test\/home\/bob\/\.pureftpd-upload\.[\w.]+$/);
  });

  test('of a file that was removed meanwhile is not known', async () => {
    const client = await login(alice);
    await client.startDownload('big.bin');
    rmSync(join(alice.home, 'big.bin'));
    assert.deepEqual(await seen(client), ['download', 'big.bin', null]);
  });
});
