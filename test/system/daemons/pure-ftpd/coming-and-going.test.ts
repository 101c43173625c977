import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { everybody } from '../../../../src/sessions/scope.ts';
import { connectFtp } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { childrenOf } from '../../../support/processes.ts';
import { type PureFtpd, startPureFtpd } from '../../../support/pure-ftpd.ts';
import { until } from '../../../support/until.ts';
import { users } from '../../../support/users.ts';
import { describeThroughAll } from './sources.ts';

const { alice, bob } = users;

describeThroughAll('while sessions come and go', (collector) => {
  let ftpd: PureFtpd;
  let looks = 0;

  before(async () => {
    for (const user of [alice, bob]) await makeHome(user, [['small.bin', 20_000]]);
    ftpd = await startPureFtpd();
  });
  after(() => ftpd.stop());

  test('every row is true and no scan fails', async () => {
    looks = 0;
    const seen = { idle: 0, download: 0, upload: 0 };
    let isOver = false;
    const guests = Promise.all([visit(alice), visit(bob)]).finally(() => {
      isOver = true;
    });
    // A scan need not wait for anything, and the guests need their turns.
    for (; !isOver; await turn()) {
      const { sessions, gaps } = await collector.snapshot(everybody);
      assert.deepEqual(gaps, []);
      assert.ok(sessions.length <= 2 * 2, `${sessions.length} rows`);
      for (const row of sessions) {
        const owner = row.ownerUid === alice.uid ? alice : bob;
        const file = { idle: '', download: 'small.bin', upload: 'up.bin' }[row.state];
        const title = `pure-ftpd (${row.state.toUpperCase()})`;
        assert.deepEqual(
          [row.user, row.ownerUid, row.remoteAddress, row.localPort, row.title, row.file],
          [owner.name, owner.uid, '127.0.0.1', ftpd.port, title, file],
        );
        seen[row.state]++;
      }
      looks++;
    }
    await guests;
    assert.ok(seen.idle > 0 && seen.upload > 0, JSON.stringify(seen));
    assert.deepEqual((await collector.snapshot(everybody)).gaps, []);
  });

  async function beLookedAt(): Promise<void> {
    const before = looks;
    await until(() => looks > before + 1, { what: 'a whole look has passed' });
  }

  /** Logs in again and again and ends in different ways. */
  async function visit(user: typeof alice): Promise<void> {
    for (let i = 0; i < 25; i++) {
      // A session outlives its connection: with one of the other's that comes now, and those that are
      // there, no more than four.
      await until(() => childrenOf(ftpd.pid).length <= 2, { what: 'earlier ones have ended' });
      const client = await connectFtp(ftpd);
      if (i % 5 !== 0) await client.login(user.name, user.password);
      if (i % 5 === 1) await (await client.startDownload('small.bin')).finish();
      if (i % 5 === 2) {
        const upload = await client.startUpload('up.bin', { bytes: 5_000 });
        await beLookedAt();
        await upload.finish();
      }
      if (i % 5 === 4) await beLookedAt();
      if (i % 5 === 3) process.kill(await client.sessionPid(), 'SIGKILL');
      if (i % 2 === 0 || i % 5 === 3) client.destroy();
      else await client.quit();
    }
  }
});
