import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everybody } from '../../../../src/sessions/scope.ts';
import { connectFtp } from '../../../support/ftp-client.ts';
import { makeHome } from '../../../support/homes.ts';
import { type PureFtpdOptions, startPureFtpd } from '../../../support/pure-ftpd.ts';
import { users } from '../../../support/users.ts';
import { scanAs } from './scan-as.ts';
import { describeThroughAll } from './sources.ts';

const { alice } = users;

/** pure-ftpd overwrites its arguments with its title, but for those behind a -T or -t. */
const cases: [name: string, options: PureFtpdOptions, tls: boolean, protocol: string | null][] = [
  ['whose arguments are overwritten, without TLS', {}, false, null],
  ['whose arguments are overwritten, with TLS', { tls: true }, true, null],
  ['that was told to do without', { throttle: 50, args: ['-Y', '0'] }, false, 'ftp'],
  ['that leaves it to the client', { throttle: 50, tls: true }, true, null],
  ['that demands it', { throttle: 50, tls: true, args: ['--tls=2'] }, true, 'ftps'],
  ['that demands it for data too', { throttle: 50, tls: true, args: ['-HY3'] }, true, 'ftps'],
  ['started through a configuration file', { tls: true, titlesOff: true }, true, null],
];

describeThroughAll('the protocol', (collector, _, source) => {
  for (const [name, options, tls, protocol] of cases) {
    test(`of a session of a daemon ${name}, is ${protocol ?? 'not known'}`, async (t) => {
      await makeHome(alice, []);
      const ftpd = await startPureFtpd(options);
      t.after(() => ftpd.stop());
      const client = await connectFtp({ ...ftpd, tls });
      t.after(() => client.destroy());
      await client.login(alice.name, alice.password);
      const [row] = (await collector.snapshot(everybody)).sessions;
      const [again] = (await collector.snapshot(everybody)).sessions;
      assert.deepEqual([row?.protocol, again?.protocol], [protocol, protocol]);
      if (options.titlesOff !== true) {
        // Everybody may read command lines.
        const { sessions } = await scanAs({ uid: 65_534, source });
        assert.deepEqual(
          sessions.map((session) => session.protocol),
          [protocol],
        );
      }
    });
  }
});
