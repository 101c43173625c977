import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startContained } from '../../support/contained/container.ts';
import { containedDaemons } from '../../support/contained/daemons.ts';
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
  serveWith,
} from './container-scene.ts';

const none = 'uapid sees no FTP daemon of this server’s own that waits for connections.';

test('where all daemons run in containers of an account’s, those who see its sessions are not told that there is none, and others nothing of it', {
  skip: needsSandbox(),
}, async (t) => {
  const dockerDataRoot = makeDockerDataRoot();
  const { cgroup } = dockerContainer(t, dockerDataRoot, 'web-1');
  const password = newPassword();
  const home = mkdtempSync(join(sandboxFolder, 'home-'));
  const virtualUsers = [{ name: login, password, owner: { ...users.bob, home } }];
  const daemonOf = containedDaemons['pure-ftpd'] ?? assert.fail();
  const daemon = await startContained(t, { cgroup }, await daemonOf({ virtualUsers, root: 0 }));
  const containers = [
    { match: 'docker:mail-*', account: 'nobody-yet' },
    { match: 'docker:web-*', account: 'shop' },
  ];
  const { stdout, pidsOf, transfersOf } = await serveWith(t, { containers, dockerDataRoot });
  const nothing = { pids: [], warnings: [] };
  for (const name of mayKnow) {
    await until(async () => (await pidsOf(name)).warnings.length === 0, {
      what: `${name} is no longer told that no daemon is seen`,
    });
    assert.deepEqual(await pidsOf(name), nothing, name);
    assert.deepEqual(await transfersOf(name), { rows: [], warnings: [] }, name);
  }
  for (const name of mayNotKnow) {
    assert.deepEqual(await pidsOf(name), { pids: [], warnings: [none] }, name);
  }
  const client = await daemon.connect();
  await client.login(login, password);
  await until(async () => (await pidsOf('shop')).pids.length === 1, { what: 'its session shows' });
  assert.match(stdout(), /^Sees pure-ftpd in docker:web-1; 0 sessions logged in\.$/m);
  assert.match(
    stdout(),
    /^Warning: the configuration gives containers to accounts that do not exist, so administrators alone see the sessions there \(docker:mail-\*: nobody-yet\)\.$/m,
  );
});
