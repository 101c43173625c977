import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readAccounts } from '../../../src/daemons/pure-ftpd/accounts.ts';
import { addAccount } from '../../support/add-account.ts';
import { startProftpd } from '../../support/proftpd.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { systemLogins } from '../../support/system-logins.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { startVsftpd, type VsftpdStart } from '../../support/vsftpd/vsftpd.ts';
import { makeState, serve } from '../channel/served.ts';

const { alice, bob, carol } = users;
const password = 'only for tests';
const virtual = [
  { name: 'dev@shop.example', password, owner: alice, home: `${alice.home}/dev` },
  { name: 'dev@other.example', password, owner: bob, home: bob.home },
  { name: 'xdev@shop.example', password, owner: bob, home: `${bob.home}/x` },
];

interface Answer {
  readonly data: readonly Record<string, unknown>[];
  readonly warnings: readonly string[] | null;
  readonly metadata: { readonly warning_codes?: readonly string[] };
}

/** A server with an account of each kind, and what each of them is answered. */
async function startServer(t: TestContext, args: readonly string[] = []) {
  const { stateDir, password: secret } = makeState(t);
  addAccount(stateDir, 'rita', secret, { role: 'reseller', systemUser: carol.name });
  addAccount(stateDir, 'alice', secret, { systemUser: alice.name, owner: 'rita' });
  addAccount(stateDir, 'bob', secret, { systemUser: bob.name });
  addAccount(stateDir, 'shop', secret, { ftpLogins: ['*@shop.example'] });
  addAccount(stateDir, 'one', secret, { ftpLogins: ['dev@other.example'] });
  const { url } = await serve(t, { stateDir, args });
  const ask = async (name: string, call: string): Promise<Answer> => {
    const authorization = `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
    const answer = await fetch(`${url}/execute/Ftp/${call}`, { headers: { authorization } });
    const text = await answer.text();
    assert.ok(!text.includes('$6$') && !text.includes('$argon2'), 'no hash is in an answer');
    return JSON.parse(text);
  };
  const askApi2 = async (name: string, func: string): Promise<Pick<Answer, 'data'>> => {
    const call = `cpanel_jsonapi_module=Ftp&cpanel_jsonapi_func=${func}`;
    const authorization = `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
    const answer = await fetch(`${url}/json-api/cpanel?${call}`, { headers: { authorization } });
    return ((await answer.json()) as { cpanelresult: Pick<Answer, 'data'> }).cpanelresult;
  };
  return { ask, askApi2, secret };
}

/** Switches these settings on in /etc, which is the test's own. */
function setDebiansWays(settings: Readonly<Record<string, string>>): void {
  for (const folder of ['auth', 'conf']) mkdirSync(`/etc/pure-ftpd/${folder}`, { recursive: true });
  for (const [name, value] of Object.entries(settings)) {
    writeFileSync(`/etc/pure-ftpd/conf/${name}`, `${value}\n`);
    symlinkSync(`../conf/${name}`, `/etc/pure-ftpd/auth/50${name}`);
  }
}

const systemNames = () =>
  systemLogins()
    .map(({ name }) => name)
    .sort();

const loginsOf = ({ data }: Answer) => data.map(({ user }) => user);

/** What each account is to see of `virtual`; main accounts only where the daemon takes them. */
async function assertIsolated(
  ask: (name: string, call: string) => Promise<Answer>,
  needsShell = true,
) {
  const seen = async (name: string) => loginsOf(await ask(name, 'list_ftp'));
  assert.deepEqual(
    await seen('admin'),
    [
      ...virtual.map(({ name }) => name),
      ...systemLogins(needsShell).map(({ name }) => name),
    ].sort(),
  );
  assert.deepEqual(await seen('alice'), [alice.name, 'dev@shop.example']);
  assert.deepEqual(await seen('bob'), [bob.name, 'dev@other.example', 'xdev@shop.example']);
  assert.deepEqual(await seen('rita'), [alice.name, carol.name, 'dev@shop.example']);
  assert.deepEqual(await seen('shop'), ['dev@shop.example', 'xdev@shop.example']);
  assert.deepEqual(await seen('one'), ['dev@other.example']);
}

test('the accounts of pure-ftpd’s puredb are listed, to each account its own', {
  skip: needsSandbox(),
  timeout: 300_000,
}, async (t) => {
  const ftpd = await startPureFtpd({ virtualUsers: virtual });
  t.after(() => ftpd.stop());
  const database = join(ftpd.folder, 'virtual.pdb');
  // As Debian's wrapper has it; the title leaves nothing of the arguments.
  setDebiansWays({ PureDB: database, UnixAuthentication: 'yes' });
  const { ask, askApi2 } = await startServer(t);
  await assertIsolated(ask);
  const { data, warnings } = await ask('alice', 'list_ftp');
  assert.deepEqual(data, [
    { homedir: alice.home, type: 'main', user: alice.name },
    { homedir: `${alice.home}/dev`, type: 'sub', user: 'dev@shop.example' },
  ]);
  assert.equal(warnings, null);
  assert.deepEqual(loginsOf(await ask('alice', 'list_ftp?skip_acct_types=main')), [
    'dev@shop.example',
  ]);
  const subs = await ask('alice', 'list_ftp_with_disk?include_acct_types=sub');
  assert.deepEqual(subs.data, [
    {
      accttype: 'sub',
      deleteable: 0,
      dir: `${alice.home}/dev`,
      diskquota: 'unlimited',
      diskused: null,
      diskusedpercent: null,
      diskusedpercent20: null,
      htmldir: `${alice.home}/dev`,
      login: 'dev@shop.example',
      reldir: 'dev',
      serverlogin: 'dev@shop.example',
      user: 'dev@shop.example',
    },
  ]);

  chownSync(database, alice.uid, alice.gid);
  const spoilt = await ask('admin', 'list_ftp');
  assert.deepEqual(loginsOf(spoilt), systemNames(), 'a customer’s file is not read');
  assert.deepEqual(spoilt.metadata.warning_codes, ['ftp-accounts-unread']);
  assert.match(spoilt.warnings?.join() ?? '', /others than root could have written/);
  chownSync(database, 0, 0);
  chmodSync(database, 0o666);
  const subsOfAll = 'list_ftp?include_acct_types=sub';
  assert.deepEqual((await ask('admin', subsOfAll)).data, []);
  chmodSync(database, 0o600);
  assert.equal((await ask('admin', subsOfAll)).data.length, virtual.length);

  // API 2 has the same lists under names of its own, every value a text.
  const api2 = await askApi2('alice', 'listftp');
  assert.deepEqual(api2.data, data);
  const withDisk = await askApi2('alice', 'listftpwithdisk');
  assert.deepEqual(
    withDisk.data.map(({ user, accttype }) => [user, accttype]),
    [
      [alice.name, 'main'],
      ['dev@shop.example', 'sub'],
    ],
  );

  // The daemon lets in nobody below this uid, and nobody whose shell is none.
  writeFileSync('/etc/pure-ftpd/conf/MinUID', `${bob.uid}\n`);
  assert.deepEqual(loginsOf(await ask('alice', 'list_ftp')), ['dev@shop.example']);
  assert.ok(loginsOf(await ask('bob', 'list_ftp')).includes(bob.name));
  rmSync('/etc/pure-ftpd/conf/MinUID');
  const shells = readFileSync('/etc/shells', 'utf8');
  writeFileSync('/etc/shells', '/bin/other\n');
  assert.deepEqual(loginsOf(await ask('alice', 'list_ftp')), ['dev@shop.example']);
  writeFileSync('/etc/shells', shells);

  rmSync('/etc/pure-ftpd', { recursive: true });
  const unknown = await ask('admin', 'list_ftp');
  assert.deepEqual(unknown.data, []);
  assert.match(unknown.warnings?.join() ?? '', /nothing tells where they are/);
  const configured = readAccounts([], [database]);
  assert.deepEqual(configured.faults, []);
  assert.equal(configured.accounts.length, virtual.length);
  setDebiansWays({ PureDB: database, MySQLConfigFile: '/etc/pure-ftpd/mysql.conf' });
  assert.match(
    (await ask('admin', 'list_ftp')).warnings?.join() ?? '',
    /in a database or directory/,
  );
  chownSync(ftpd.folder, alice.uid, alice.gid);
  assert.deepEqual((await ask('admin', subsOfAll)).data, [], 'a file in a customer’s folder');
});

test('the accounts of ProFTPD’s AuthUserFile are listed, to each account its own', {
  skip: needsSandbox(),
  timeout: 300_000,
}, async (t) => {
  const ftpd = await startProftpd({ virtualUsers: virtual });
  t.after(() => ftpd.stop());
  const { ask } = await startServer(t, ['--proftpd-config', ftpd.configuration]);
  // Its configuration says RequireValidShell off.
  const shells = readFileSync('/etc/shells', 'utf8');
  t.after(() => writeFileSync('/etc/shells', shells));
  writeFileSync('/etc/shells', '/bin/other\n');
  await assertIsolated(ask, false);
  const [sub] = (await ask('one', 'list_ftp_with_disk')).data;
  assert.equal(sub?.['diskquota'], null, 'no file of ProFTPD’s tells');
});

test('vsftpd’s settings tell which system users it lets in', {
  skip: needsSandbox(),
  timeout: 300_000,
}, async (t) => {
  const list = '/etc/uapid-test-list';
  writeFileSync(list, `${bob.name}\n`);
  const userlist = { userlist_enable: 'YES', userlist_file: list };
  const unconfigured = await startServer(t);
  const seenWith = async (options: VsftpdStart, flag: string | null = null) => {
    const ftpd = await startVsftpd(options);
    try {
      const { ask } =
        flag === null ? unconfigured : await startServer(t, [flag, ftpd.configuration]);
      // A daemon that has just come is found by a search beside the scans.
      const admins = await until(
        async () => {
          const answer = await ask('admin', 'list_ftp');
          return answer.metadata.warning_codes?.includes('no-daemon') ? null : answer;
        },
        { what: 'vsftpd is found' },
      );
      const of = async (name: string) => loginsOf(await ask(name, 'list_ftp'));
      const [ofAlice, ofBob, ofShop] = [await of('alice'), await of('bob'), await of('shop')];
      return { admins: loginsOf(admins), ofAlice, ofBob, ofShop, warnings: admins.warnings };
    } finally {
      await ftpd.stop();
    }
  };
  const all = systemNames();
  assert.deepEqual(await seenWith({}), {
    admins: all,
    ofAlice: [alice.name],
    ofBob: [bob.name],
    ofShop: [],
    warnings: null,
  });
  const denied = await seenWith({ settings: userlist });
  assert.deepEqual([denied.ofAlice, denied.ofBob], [[alice.name], []]);
  assert.deepEqual(
    denied.admins,
    all.filter((name) => name !== bob.name),
  );
  const alone = await seenWith({ settings: { ...userlist, userlist_deny: 'NO' } });
  assert.deepEqual([alone.admins, alone.ofAlice, alone.ofBob], [[bob.name], [], [bob.name]]);
  // Titles take the place of the arguments that named the file.
  const titled = await seenWith({ titles: true });
  assert.deepEqual(titled.admins, []);
  assert.match(
    titled.warnings?.join() ?? '',
    /vsftpd may be missing: nothing tells where they are/,
  );
  assert.deepEqual((await seenWith({ titles: true }, '--vsftpd-config')).admins, all);
  const guests = await seenWith({ guests: [{ name: 'guest', owner: alice }] });
  assert.deepEqual(guests.admins, []);
  assert.match(
    guests.warnings?.join() ?? '',
    /in a database or directory that uapid does not read/,
  );
});
