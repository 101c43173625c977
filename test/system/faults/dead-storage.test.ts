import assert from 'node:assert/strict';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type DyingStorage, mountDyingStorage } from '../../support/dying-storage.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { processStat } from '../../support/processes.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { type TestUser, users } from '../../support/users.ts';
import { ask } from '../channel/ask.ts';
import { type ServedUapid, serve } from '../channel/served.ts';

const skip = needsSandbox();
const { alice, bob } = users;

interface Scene {
  readonly storage: DyingStorage;
  readonly ftpd: PureFtpd;
}

/** A daemon, and a storage in alice's home to which a link there leads. */
async function startScene(t: TestContext, args: readonly string[] = []): Promise<Scene> {
  // Before everything that may have to be freed from it.
  const storage = await mountDyingStorage(t, join(alice.home, 'net'));
  const link = join(alice.home, 'link.bin');
  rmSync(link, { force: true });
  symlinkSync('net/big.bin', link);
  const ftpd = await startPureFtpd({ throttle: 50, args });
  t.after(() => ftpd.stop());
  return { storage, ftpd };
}

async function logIn(t: TestContext, ftpd: PureFtpd, user: TestUser): Promise<Session> {
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(user.name, user.password);
  return { client, pid: await client.sessionPid() };
}

interface Session {
  readonly client: FtpClient;
  readonly pid: number;
}

const usersOf = async (uapid: ServedUapid) => {
  const { data, warnings } = await ask(uapid);
  return [data.map(({ user }) => user).sort(), warnings];
};

test('a download from a storage that has died holds up no scan, no start and no ending', {
  skip,
}, async (t) => {
  const { storage, ftpd } = await startScene(t);
  const before = await serve(t);
  await logIn(t, ftpd, bob);
  assert.deepEqual(await usersOf(before), [[bob.name], []]);
  // The second is named as the session's own record is.
  const [linked, named] = [await logIn(t, ftpd, alice), await logIn(t, ftpd, alice)];
  await linked.client.startDownload('link.bin');
  await named.client.startDownload(`net/client-${String(named.pid).padStart(8, '0')}`);
  await storage.die();

  const everybody = [alice.name, alice.name, bob.name];
  // The scan that has known nothing of these sessions, and one that has.
  assert.deepEqual(await usersOf(before), [everybody, []]);
  assert.deepEqual(await usersOf(before), [everybody, []]);
  const started = await serve(t);
  assert.deepEqual(await usersOf(started), [everybody, []]);
  const { body } = await ask(started, '/Ftp/list_transfers');
  assert.match(body, /"path": ?"[^"]*\/net\/big\.bin"/);
  // A session that waits for the storage cannot end; what counts is that everybody is answered.
  for (const login of [alice.name, bob.name]) {
    assert.equal((await ask(started, `/Ftp/kill_session?login=${login}`)).status, 200);
  }
  const [left, warnings] = await usersOf(before);
  assert.ok(!left?.includes(bob.name));
  assert.deepEqual(warnings, []);

  await storage.end();
  for (const { client, pid } of [linked, named]) {
    client.destroy();
    await until(() => processStat(pid) === undefined, { what: `session ${pid} has ended` });
  }
});
