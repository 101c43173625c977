import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { usePidsAfter } from '../../soak/used-again.ts';
import { pureFtpdPrograms } from '../../support/daemons.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { isAlive, processStat } from '../../support/processes.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder, type TestUser, users } from '../../support/users.ts';
import { startTitled, startWithPid } from '../../unit/os/processes/started.ts';
import { ask } from '../channel/ask.ts';
import { type ServedUapid, serve } from '../channel/served.ts';

const skip = needsSandbox();
const { alice, bob } = users;

async function logIn(t: TestContext, ftpd: Pick<PureFtpd, 'host' | 'port'>, user: TestUser) {
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(user.name, user.password);
  return { client, pid: await client.sessionPid() };
}

/** The rows of an answer that has no warning, twice: whoever keeps files open knows more by then. */
async function rowsOf(uapid: ServedUapid): Promise<string[]> {
  const answers = [await ask(uapid), await ask(uapid)];
  const [first, second] = answers.map(({ data }) =>
    data.map(({ pid, user }) => `${pid} ${user}`).sort(),
  );
  assert.deepEqual(first, second);
  return first ?? [];
}

const row = ({ pid }: { pid: number }, { name }: TestUser) => `${pid} ${name}`;

async function killMaster({ pid }: PureFtpd): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await until(() => !isAlive(pid), { what: 'the master is gone' });
}

test('sessions outlive a master that is killed, and a new master’s are listed beside them', {
  skip,
}, async (t) => {
  const old = await startPureFtpd();
  t.after(() => old.stop());
  const uapid = await serve(t);
  const before = await logIn(t, old, alice);
  assert.deepEqual(await rowsOf(uapid), [row(before, alice)]);
  await killMaster(old);
  assert.deepEqual(await rowsOf(uapid), [row(before, alice)]);
  const renewed = await startPureFtpd();
  t.after(() => renewed.stop());
  const after = await logIn(t, renewed, bob);
  assert.deepEqual(await rowsOf(uapid), [row(before, alice), row(after, bob)].sort());
  before.client.destroy();
  await until(() => !isAlive(before.pid), { what: 'alice is gone' });
  assert.deepEqual(await rowsOf(uapid), [row(after, bob)]);
  assert.deepEqual((await ask(uapid)).warnings, []);
});

test('a master that is stopped and started again is followed without a restart of uapid', {
  skip,
}, async (t) => {
  const uapid = await serve(t);
  assert.match((await ask(uapid)).warnings.join(), /sees no FTP daemon/);
  for (let time = 0; time < 3; time += 1) {
    const ftpd = await startPureFtpd();
    t.after(() => ftpd.stop());
    const session = await logIn(t, ftpd, alice);
    assert.deepEqual(await rowsOf(uapid), [row(session, alice)]);
    await ftpd.stop();
    assert.deepEqual(await rowsOf(uapid), []);
    assert.equal((await ask(uapid)).warnings.length, 1);
  }
});

test('sessions of a program that an upgrade has replaced are listed beside those of the new one', {
  skip,
}, async (t) => {
  // Below a folder of root's, as programs are.
  const folder = mkdtempSync(join(sandboxFolder, 'programs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const executable = join(folder, 'pure-ftpd');
  const { pureFtpd } = await pureFtpdPrograms();
  copyFileSync(pureFtpd, executable);
  const old = await startPureFtpd({ executable });
  t.after(() => old.stop());
  const uapid = await serve(t);
  const known = await logIn(t, old, alice);
  assert.deepEqual(await rowsOf(uapid), [row(known, alice)]);
  copyFileSync(pureFtpd, `${executable}.new`);
  renameSync(`${executable}.new`, executable);
  const late = await logIn(t, old, bob);
  const ofOld = [row(known, alice), row(late, bob)].sort();
  assert.deepEqual(await rowsOf(uapid), ofOld);
  const renewed = await startPureFtpd({ executable });
  t.after(() => renewed.stop());
  const fresh = await logIn(t, renewed, alice);
  const all = [...ofOld, row(fresh, alice)].sort();
  assert.deepEqual(await rowsOf(uapid), all);
  await killMaster(old);
  assert.deepEqual(await rowsOf(uapid), all);
  // A server that starts now has never seen the old master.
  assert.deepEqual(await rowsOf(await serve(t)), all);
});

test('a pid that is used again between two scans is told as whose it is by then', {
  skip,
}, async (t) => {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  const uapid = await serve(t);
  const first = await logIn(t, ftpd, alice);
  assert.deepEqual(await rowsOf(uapid), [row(first, alice)]);
  process.kill(first.pid, 'SIGKILL');
  // Anybody's process, under a session's title.
  const { uid, gid } = alice;
  const forged = await startWithPid(first.pid, () => startTitled('pure-ftpd (IDLE)', { uid, gid }));
  assert.equal(forged.pid, first.pid);
  assert.deepEqual(await rowsOf(uapid), []);
  await forged.end();
  const again = await until(
    async () => {
      usePidsAfter(first.pid - 1);
      const session = await logIn(t, ftpd, bob);
      if (session.pid === first.pid) return session;
      session.client.destroy();
      await until(() => processStat(session.pid) === undefined, { what: 'it has ended' });
      return undefined;
    },
    { what: 'bob’s session has the pid' },
  );
  assert.deepEqual(await rowsOf(uapid), [row(again, bob)]);
});
