import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pureFtpdPrograms } from '../../support/daemons.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { sandboxFolder, users } from '../../support/users.ts';
import { ask } from '../channel/ask.ts';
import { serve } from '../channel/served.ts';

const { alice, bob } = users;

test('a daemon is known by its title, whatever its file is called and while it is replaced', {
  skip: needsSandbox(),
}, async (t) => {
  const { pureFtpd } = await pureFtpdPrograms();
  const folder = mkdtempSync(join(sandboxFolder, 'names-'));
  // Debian's own second daemon where the package has it.
  const virtual = join(dirname(pureFtpd), 'pure-ftpd-virtualchroot');
  const uapid = await serve(t);
  for (const [source, name] of [
    [existsSync(virtual) ? virtual : pureFtpd, 'pure-ftpd-virtualchroot'],
    [pureFtpd, 'pure-ftpd-mysql-virtualchroot'],
    [pureFtpd, 'ftp-server-of-this-host'],
  ] as const) {
    const executable = join(folder, name);
    copyFileSync(source, executable);
    const ftpd = await startPureFtpd({ executable });
    const clients = [];
    for (const user of [alice, bob]) {
      const client = await connectFtp(ftpd);
      t.after(() => client.destroy());
      clients.push(client);
      await client.login(user.name, user.password);
      const { data, warnings } = await ask(uapid);
      assert.deepEqual(
        data.map((row) => row.user).sort(),
        [alice.name, bob.name].slice(0, clients.length),
      );
      assert.deepEqual(warnings, [], name);
      copyFileSync(source, `${executable}.new`);
      renameSync(`${executable}.new`, executable);
    }
    assert.match((await ask(uapid, '/execute/Ftp/get_ftp_daemon_info')).body, /"enabled":1/);
    await ftpd.stop();
    await until(async () => (await ask(uapid)).data.length === 0, { what: 'they have ended' });
  }
});
