import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { type TestUser, users } from '../../support/users.ts';
import { ask } from '../channel/ask.ts';
import { serve } from '../channel/served.ts';

const skip = needsSandbox();
const { alice, bob, carol } = users;

/** Root as a container has it, who may not look at every process (capabilities(7)). */
const withoutPtrace = ['setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace'];

/** With a /proc that has the files of processes and no others (proc(5)), too. */
const onlyPids = (command: readonly string[]) => {
  const mount = 'mount -t proc -o subset=pid proc /proc && exec "$@"';
  return ['unshare', '--mount', 'sh', '-c', mount, 'sh', ...command];
};

async function logIn(t: TestContext, ftpd: PureFtpd, user: TestUser) {
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(user.name, user.password);
  return client;
}

const cases: [name: string, daemonThrough: readonly string[], through: readonly string[]][] = [
  ['of a daemon with the same rights', withoutPtrace, withoutPtrace],
  ['that and nothing but processes in /proc', withoutPtrace, onlyPids(withoutPtrace)],
  ['of a daemon with all rights, and nothing but processes in /proc', [], onlyPids(withoutPtrace)],
];

for (const [name, daemonThrough, through] of cases) {
  test(`what root may read only half of is listed, and its owner is warned: ${name}`, {
    skip,
  }, async (t) => {
    await makeHome(alice, [['big.bin', 50_000_000]]);
    const ftpd = await startPureFtpd({ throttle: 50, through: daemonThrough });
    t.after(() => ftpd.stop());
    const uapid = await serve(t, { through });
    addAccount(uapid.stateDir, carol.name, carol.password);
    const asCarol = { ...uapid, user: carol.name, password: carol.password };
    const before = await ask(asCarol);
    // With a master that is known before the first session comes, looks keep files open.
    await ask(uapid);
    const clients = [await logIn(t, ftpd, alice), await logIn(t, ftpd, bob)];
    await clients[0]?.startDownload('big.bin');
    for (const place of [uapid, uapid, await serve(t, { through })]) {
      const { data, warnings } = await ask(place);
      const told = warnings.join('\n');
      assert.deepEqual(data.map(({ user }) => user).sort(), [alice.name, bob.name], told);
      assert.match(told, /may not read which program a process executes/);
    }
    assert.equal((await ask(asCarol)).body, before.body);
  });
}
