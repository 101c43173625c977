import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everybody, ofUids } from '../../src/sessions/scope.ts';
import { connectFtp, type FtpClient } from '../support/ftp-client.ts';
import { processStat } from '../support/processes.ts';
import { type PureFtpd, startPureFtpd } from '../support/pure-ftpd.ts';
import { until } from '../support/until.ts';
import { users } from '../support/users.ts';
import { describeThroughAll } from '../system/daemons/pure-ftpd/sources.ts';
import { usePidsAfter } from './used-again.ts';

const { alice, bob } = users;

describeThroughAll('when a session has the pid of one that ended', (collector) => {
  for (const wanted of [everybody, ofUids([alice.uid])]) {
    test(`shows it to ${wanted === everybody ? 'everybody' : 'its owner'}`, async (t) => {
      const ftpd = await startPureFtpd();
      t.after(() => ftpd.stop());
      const before = await connectFtp(ftpd);
      await before.login(bob.name, bob.password);
      const pid = await before.sessionPid();
      // Whoever keeps files open knows the daemon after one scan, and its sessions after two.
      await collector.snapshot(everybody);
      const { sessions } = await collector.snapshot(everybody);
      assert.deepEqual(
        sessions.map((session) => [session.pid, session.user]),
        [[pid, bob.name]],
      );
      await before.quit();
      await until(() => processStat(pid) === undefined, { what: 'the session has ended' });
      const after = await connectWithPid(pid, ftpd);
      t.after(() => after.destroy());
      await after.login(alice.name, alice.password);
      const answer = await collector.snapshot(wanted);
      assert.deepEqual(
        answer.sessions.map((session) => [session.pid, session.user, session.ownerUid]),
        [[pid, alice.name, alice.uid]],
      );
    });
  }
});

/** Connects until the session has this pid: another process can be quicker to take it. */
async function connectWithPid(pid: number, ftpd: PureFtpd): Promise<FtpClient> {
  return await until(
    async () => {
      usePidsAfter(pid - 1);
      const client = await connectFtp(ftpd);
      if ((await client.sessionPid()) === pid) return client;
      client.destroy();
      return undefined;
    },
    { what: `a session has the pid ${pid}` },
  );
}
