import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createProcfsTable } from '../../../src/os/processes/procfs.ts';
import { everybody, ofLogins } from '../../../src/sessions/scope.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { childrenOf } from '../../support/processes.ts';
import { startProftpd } from '../../support/proftpd.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import type { VirtualUser } from '../../support/virtual-users.ts';
import { settle, startVsftpd } from '../../support/vsftpd/vsftpd.ts';
import { collectThrough } from './pure-ftpd/sources.ts';

const { bob } = users;
const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** Each name in the bytes that it has, and as it is shown: what is no UTF-8 is U+FFFD. */
const fileNames: readonly (readonly [bytes: Buffer, shown: string])[] = [
  ...['two  words', `it's "quoted"`, 'a|b', 'grüße 日本.bin'].map(
    (each) => [Buffer.from(each), each] as const,
  ),
  [latin1('caf\xe9.bin'), 'caf\uFFFD.bin'],
  [latin1('caf\xe9'), 'caf\uFFFD'],
  // No 0xFF, which Telnet has commands behind (RFC 854).
  [latin1('\xfe\xc3'), '\uFFFD\uFFFD'],
];
const logins: readonly (readonly [bytes: Buffer, shown: string])[] = [
  ...['two words', `it's "quoted"`, 'a|b', 'grüße@shop.example'].map(
    (each) => [Buffer.from(each), each] as const,
  ),
  [latin1('caf\xe9@shop.example'), 'caf\uFFFD@shop.example'],
  [latin1('caf\xe9'), 'caf\uFFFD'],
];

const virtualUsers: readonly VirtualUser[] = logins.map(([nameBytes, name]) => ({
  name,
  nameBytes,
  password: bob.password,
  owner: bob,
}));

interface Started {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

interface Kind {
  readonly start: () => Promise<Started>;
  /** A file as the daemon tells it. */
  readonly fileOf: (shown: string) => string;
  /** Whether the daemon lets nobody in under such a name. */
  readonly refuses?: (login: string) => boolean;
}

const same = (text: string) => text;
const bytes = 2_000_000;

const kinds: Readonly<Record<string, Kind>> = {
  'pure-ftpd': {
    start: () => startPureFtpd({ throttle: 20, virtualUsers }),
    fileOf: same,
  },
  ProFTPD: {
    start: () => startProftpd({ throttle: 20, virtualUsers }),
    fileOf: same,
  },
  'ProFTPD with terse titles': {
    start: () => startProftpd({ throttle: 20, virtualUsers, titles: 'terse' }),
    fileOf: same,
  },
  'vsftpd with titles': {
    start: () => startVsftpd({ maxRate: 20_000, titles: true, guests: virtualUsers }),
    // Neither blanks nor anything that is no printable ASCII.
    refuses: (login) => !/^[!-~]+$/.test(login),
    fileOf: (shown) => `/${shown}`,
  },
};

for (const [daemon, { start, fileOf, refuses }] of Object.entries(kinds)) {
  describe(`names of a ${daemon}, with blanks, bars, quotes, UTF-8 and what is none`, {
    skip: needsSandbox(),
  }, () => {
    test('are right in every field: logins idle, files in transfers of both directions', async (t) => {
      await makeHome(
        bob,
        fileNames.map(([name]) => [name, bytes]),
      );
      const ftpd = await start();
      t.after(() => ftpd.stop());
      const collector = collectThrough(createProcfsTable());
      const isOver = () => until(() => childrenOf(ftpd.pid).length === 0, { what: 'it is over' });
      async function only() {
        const { sessions } = await collector.snapshot(everybody);
        assert.equal(sessions.length, 1);
        const [session] = sessions;
        assert.ok(session);
        assert.deepEqual(JSON.parse(JSON.stringify(session)), session);
        return session;
      }
      async function connected(use: (client: FtpClient) => Promise<void>) {
        const client = await connectFtp(ftpd);
        try {
          await use(client);
        } finally {
          client.destroy();
        }
        await isOver();
      }
      for (const [name, shown] of logins) {
        await connected(async (client) => {
          if (refuses?.(shown) === true) {
            await assert.rejects(client.login(name, bob.password), /530/);
            return;
          }
          await client.login(name, bob.password);
          await settle(client);
          const { user, ownerUid, state } = await only();
          assert.deepEqual([user, ownerUid, state], [shown, bob.uid, 'idle']);
          // Nor is it anybody's who has a login that begins or ends like it.
          const others = ofLogins(['caf', '*af', 'shop.example']);
          assert.deepEqual((await collector.snapshot(others)).sessions, []);
        });
      }
      const [login] = logins.find(([, shown]) => refuses?.(shown) !== true) ?? assert.fail();
      for (const [name, shown] of fileNames) {
        for (const state of ['download', 'upload'] as const) {
          await connected(async (client) => {
            await client.login(login, bob.password);
            await settle(client);
            if (state === 'download') await client.startDownload(name);
            else await client.startUpload(name, { bytes: 10 });
            const session = await only();
            assert.deepEqual(
              [session.state, session.file, session.path],
              [state, fileOf(shown), `${bob.home}/${shown}`],
            );
          });
        }
      }
    });
  });
}
