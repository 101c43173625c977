import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ask } from '../boundary/ask.ts';
import { serve } from '../boundary/served.ts';
import { connectFtp } from '../support/ftp-client.ts';
import { makeHome } from '../support/homes.ts';
import { processStat } from '../support/processes.ts';
import { type PureFtpd, startPureFtpd } from '../support/pure-ftpd.ts';
import { needsSandbox } from '../support/sandbox.ts';
import { addAccount } from '../support/uapid.ts';
import { until } from '../support/until.ts';
import { type TestUser, users } from '../support/users.ts';

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

for (const [whose, through] of [
  ['all rights', []],
  ['the same rights as uapid', withoutPtrace],
] as const) {
  test(`what root may read only half of is listed, and a warning says so: a daemon with ${whose}`, {
    skip,
  }, async (t) => {
    await makeHome(alice, [['big.bin', 2_000_000]]);
    const ftpd = await startPureFtpd({ throttle: 50, through });
    t.after(() => ftpd.stop());
    for (const way of [withoutPtrace, onlyPids(withoutPtrace)]) {
      const uapid = await serve(t, { through: way });
      addAccount(uapid.stateDir, [carol.name], carol.password);
      const asCarol = { ...uapid, user: carol.name, password: carol.password };
      const before = await ask(asCarol);
      // Known before the first session comes, or not: what is then kept of it is another.
      await ask(uapid);
      const clients = [await logIn(t, ftpd, alice), await logIn(t, ftpd, bob)];
      await clients[0]?.startDownload('big.bin');
      for (let look = 0; look < 2; look += 1) {
        const { data, warnings } = await ask(uapid);
        assert.deepEqual(data.map(({ user }) => user).sort(), [alice.name, bob.name]);
        assert.match(warnings.join('\n'), /may not read which program a process executes/);
      }
      assert.equal((await ask(asCarol)).body, before.body);
      for (const client of clients) {
        const pid = await client.sessionPid();
        client.destroy();
        await until(() => processStat(pid) === undefined, { what: `session ${pid} has ended` });
      }
    }
  });
}
