import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCgroup } from '../../support/cgroups.ts';
import { descendantsOf } from '../../support/contained/container.ts';
import { containedDaemons } from '../../support/contained/daemons.ts';
import { folderOf, openPodman, type Podman, removeCgroups } from '../../support/podman.ts';
import { isAlive, uidOf } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder, users } from '../../support/users.ts';
import { login, mayKnow, mayNotKnow, newPassword, serveWith } from './container-scene.ts';

const skip = needsSandbox();
const { bob, carol } = users;
const none = 'uapid sees no FTP daemon of this server’s own that waits for connections.';

const kinds = [
  {
    name: 'of root’s',
    as: undefined,
    /** The uid of this host that a user of the container has. */
    uidOnHost: (uid: number) => uid,
    told: /^One process looks like an FTP daemon and runs in a container/,
  },
  {
    name: 'of an ordinary user’s, rootless',
    as: carol,
    uidOnHost: (uid: number) => 200_000 + uid - 1,
    told: /^One process looks like an FTP daemon and runs in another user namespace/,
  },
] as const;

for (const { name, as, uidOnHost, told } of kinds) {
  test(`a pure-ftpd in a container of podman’s, ${name}, has no rows by default, and is that account’s which the configuration names`, {
    skip,
    timeout: 300_000,
  }, async (t) => {
    const unique = `uapid-test-${randomBytes(6).toString('hex')}`;
    // A user's podman runs, and on cgroups v1 leaves its containers, in what was delegated to the user.
    const place = makeCgroup(
      t,
      as === undefined ? unique : `${unique}.slice/user@${as.uid}.service`,
    );
    const cgroupParent = `${unique}-podman`;
    t.after(() =>
      until(() => removeCgroups(cgroupParent), { what: 'the cgroups of podman are removed' }),
    );
    let podman: Podman;
    try {
      podman = await openPodman({
        cgroup: place,
        ...(as === undefined ? { cgroupParent: `/${cgroupParent}` } : { as }),
      });
    } catch (error) {
      t.skip(`podman cannot be fetched: ${(error as Error).message}`);
      return;
    }
    const password = newPassword();
    const home = mkdtempSync(join(sandboxFolder, 'home-'));
    chmodSync(home, 0o755);
    const virtualUsers = [{ name: login, password, owner: { ...bob, home } }];
    const daemonOf = containedDaemons['pure-ftpd'] ?? assert.fail();
    const daemon = await daemonOf({ virtualUsers, root: 0 });
    const run = await podman.run(t, daemon, [folderOf(daemon), home]);
    if ('obstacle' in run) {
      t.skip(`podman run --rootfs cannot start a container here: ${run.obstacle}`);
      return;
    }
    const { pid, client } = run;
    await client.login(login, password);
    const session = await until(
      () => descendantsOf(pid).find((each) => uidOf(each) === uidOnHost(bob.uid)),
      { what: 'a process of the container runs as the user' },
    );

    const unnamed = await serveWith(t, {});
    await until(
      async () => (await unnamed.pidsOf('admin')).warnings.some((each) => told.test(each)),
      {
        what: 'administrators are told of it',
        timeoutMs: 60_000,
      },
    );
    assert.deepEqual((await unnamed.pidsOf('admin')).pids, []);
    for (const name of ['shop', 'rita', ...mayNotKnow] as const) {
      assert.deepEqual(await unnamed.pidsOf(name), { pids: [], warnings: [none] }, name);
    }

    const path = as === undefined ? `/${cgroupParent}/libpod-*` : place.path;
    const containers = [{ match: `cgroup:${path}`, account: 'shop' }];
    const { pidsOf, transfersOf, kill } = await serveWith(t, { containers });
    for (const name of mayKnow) {
      await until(async () => (await pidsOf(name)).pids.length > 0, {
        what: `${name} sees it`,
        timeoutMs: 60_000,
      });
      assert.deepEqual(await pidsOf(name), { pids: [session], warnings: [] }, name);
    }
    for (const name of mayNotKnow) {
      assert.deepEqual(await pidsOf(name), { pids: [], warnings: [none] }, name);
      assert.equal(await kill(name, session), false, name);
    }
    const [row] = (await transfersOf('shop')).rows;
    assert.deepEqual(
      ['user', 'owner', 'host', 'status'].map((field) => row?.[field]),
      [login, '', '127.0.0.1', 'IDLE'],
    );
    const prefix = path.replace('*', '');
    assert.ok(String(row?.['container']).startsWith(`cgroup:${prefix}`), `${row?.['container']}`);
    assert.equal(await kill('rita', session), true);
    await until(() => !isAlive(session), { what: 'the session has ended' });
  });
}
