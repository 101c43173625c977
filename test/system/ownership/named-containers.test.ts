import assert from 'node:assert/strict';
import { chownSync, closeSync, ftruncateSync, mkdtempSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeCgroup, moveInto } from '../../support/cgroups.ts';
import {
  descendantsOf,
  firstMappedUid,
  startContained,
} from '../../support/contained/container.ts';
import { containedDaemons } from '../../support/contained/daemons.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { isAlive, uidOf } from '../../support/processes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder, users } from '../../support/users.ts';
import {
  dockerContainer,
  login,
  makeDockerDataRoot,
  mayKnow,
  mayNotKnow,
  newPassword,
  type Row,
  serveWith,
} from './container-scene.ts';

const skip = needsSandbox();
const { alice, bob } = users;
const fileBytes = 200_000_000;

/** A home in the container, with a file that takes long to download. */
function makeHome(uid: number): string {
  const home = mkdtempSync(join(sandboxFolder, 'home-'));
  const fd = openSync(join(home, 'big.bin'), 'w');
  ftruncateSync(fd, fileBytes);
  closeSync(fd);
  for (const path of [home, join(home, 'big.bin')]) chownSync(path, uid, uid);
  return home;
}

/** A session of the host's own daemon. */
async function sessionOfHost(t: TestContext): Promise<number> {
  const own = await startPureFtpd();
  t.after(() => own.stop());
  const client = await connectFtp(own);
  t.after(() => client.destroy());
  await client.login(alice.name, alice.password);
  return client.sessionPid();
}

/** What is known of a session's transfer by which daemon; without titles vsftpd tells no user. */
const known: Readonly<Record<string, { user: string | null; size: boolean; warned: number }>> = {
  'pure-ftpd': { user: login, size: true, warned: 0 },
  proftpd: { user: login, size: false, warned: 0 },
  vsftpd: { user: null, size: true, warned: 1 },
};

for (const [daemonName, daemonOf] of Object.entries(containedDaemons)) {
  for (const mapsUsers of [false, true]) {
    const kind = mapsUsers ? 'with uids of its own' : 'with this host’s uids';
    test(`${daemonName} in a container ${kind} is that account’s which the configuration names, its reseller’s and the administrator’s`, {
      skip,
      timeout: 300_000,
    }, async (t) => {
      const dockerDataRoot = makeDockerDataRoot();
      const { cgroup } = dockerContainer(t, dockerDataRoot, 'web-1');
      // The uid that it has there is this host's bob's, or is mapped from it.
      const root = mapsUsers ? firstMappedUid : 0;
      const uid = root + bob.uid;
      const home = makeHome(uid);
      const password = newPassword();
      const virtual = { name: login, password, owner: { ...bob, home } };
      const command = await daemonOf({ virtualUsers: [virtual], root });
      const daemon = await startContained(t, { cgroup, mapsUsers }, command);
      const client = await daemon.connect();
      const stranger = await daemon.connect();
      await client.login(login, password);
      const session = await until(
        () => descendantsOf(daemon.pid).find((pid) => uidOf(pid) === uid),
        { what: 'a process of the container runs as the user' },
      );
      const hostSession = await sessionOfHost(t);
      const containers = [{ match: 'docker:web-*', account: 'shop' }];
      const { pidsOf, transfersOf, kill } = await serveWith(t, { containers, dockerDataRoot });
      const { user, size, warned } = known[daemonName] ?? assert.fail();

      const both = [hostSession, session].sort((a, b) => a - b);
      await until(async () => (await pidsOf('admin')).pids.length === 2, {
        what: 'the container is found',
        timeoutMs: 60_000,
      });
      for (const name of mayKnow) {
        const { pids, warnings } = await pidsOf(name);
        assert.deepEqual(pids, both, name);
        assert.equal(warnings.length, warned, `${name}: ${warnings}`);
      }
      for (const name of mayNotKnow) {
        assert.deepEqual(await pidsOf(name), { pids: [], warnings: [] }, name);
      }
      const shown = async (status: string): Promise<Row> =>
        until(
          async () => {
            const { rows } = await transfersOf('shop');
            const row = rows.find((each) => each['pid'] === session);
            return row?.['status'] === status && row;
          },
          { what: `it is shown as ${status}`, timeoutMs: 60_000 },
        );
      const facts = (row: Row) =>
        ['container', 'owner', 'user', 'host', 'file', 'path', 'bytes_total'].map(
          (field) => row[field],
        );
      assert.deepEqual(facts(await shown('IDLE')), [
        'docker:web-1',
        '',
        user,
        '127.0.0.1',
        '',
        '',
        null,
      ]);
      const { rows } = await transfersOf('shop');
      assert.equal(rows.find(({ pid }) => pid === hostSession)?.['container'], null);

      await daemon.startTransfer(client, 'RETR big.bin');
      const [, , , , file, path, total] = facts(await shown('DL'));
      assert.match(String(file), /^\/?big\.bin$/);
      assert.deepEqual([path, total], [null, size ? fileBytes : null]);

      for (const name of mayNotKnow) assert.equal(await kill(name, session), false, name);
      assert.ok(isAlive(session));
      assert.equal(await kill('rita', session), true);
      await until(() => !isAlive(session), { what: 'the session has ended' });
      assert.ok(isAlive(hostSession));
      assert.deepEqual((await pidsOf('admin')).pids, [hostSession]);

      await stranger.login(login, password);
      await daemon.startTransfer(stranger, 'STOR new.bin');
      await until(
        async () => {
          const row = (await transfersOf('shop')).rows.find(({ status }) => status === 'UL');
          return /^\/?new\.bin$/.test(String(row?.['file'])) && row;
        },
        { what: 'the upload is shown', timeoutMs: 60_000 },
      );
    });
  }
}

test('a session that has not run since is that account’s no more once it is put into another cgroup', {
  skip,
}, async (t) => {
  const dockerDataRoot = makeDockerDataRoot();
  const { cgroup } = dockerContainer(t, dockerDataRoot, 'web-1');
  const elsewhere = makeCgroup(t, `uapid-test-elsewhere-${process.pid}`);
  const home = makeHome(bob.uid);
  const virtual = { name: login, password: newPassword(), owner: { ...bob, home } };
  const daemonOf = containedDaemons['pure-ftpd'] ?? assert.fail();
  const daemon = await startContained(
    t,
    { cgroup, mapsUsers: false },
    await daemonOf({ virtualUsers: [virtual], root: 0 }),
  );
  const client = await daemon.connect();
  await client.login(login, virtual.password);
  const session = await until(
    () => descendantsOf(daemon.pid).find((pid) => uidOf(pid) === bob.uid),
    { what: 'a process of the container runs as the user' },
  );
  const containers = [{ match: 'docker:web-*', account: 'shop' }];
  const { pidsOf } = await serveWith(t, { containers, dockerDataRoot });
  // Seen more than once, and so known to be idle.
  for (let times = 0; times < 3; times += 1) {
    await until(async () => (await pidsOf('shop')).pids.includes(session), {
      what: 'the session is the account’s',
      timeoutMs: 60_000,
    });
    await sleep(200);
  }
  moveInto(elsewhere, session);
  await until(async () => (await pidsOf('shop')).pids.length === 0, {
    what: 'the session is nobody’s',
    timeoutMs: 60_000,
  });
  moveInto(cgroup, session);
  await until(async () => (await pidsOf('shop')).pids.includes(session), {
    what: 'the session is the account’s again',
    timeoutMs: 60_000,
  });
});
