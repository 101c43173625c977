import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readAccounts } from '../../../src/daemons/pure-ftpd/accounts.ts';
import { addAccount } from '../../support/add-account.ts';
import { startProftpd } from '../../support/proftpd.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { users } from '../../support/users.ts';
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
  return { ask, secret };
}

/** Switches these settings on in /etc, which is the test's own. */
function setDebiansWays(settings: Readonly<Record<string, string>>): void {
  for (const folder of ['auth', 'conf']) mkdirSync(`/etc/pure-ftpd/${folder}`, { recursive: true });
  for (const [name, value] of Object.entries(settings)) {
    writeFileSync(`/etc/pure-ftpd/conf/${name}`, `${value}\n`);
    symlinkSync(`../conf/${name}`, `/etc/pure-ftpd/auth/50${name}`);
  }
}

const loginsOf = ({ data }: Answer) => data.map(({ user }) => user);

/** What each account is to see of `virtual`; main accounts only where the daemon takes them. */
async function assertIsolated(ask: (name: string, call: string) => Promise<Answer>) {
  const seen = async (name: string) => loginsOf(await ask(name, 'list_ftp'));
  assert.deepEqual(await seen('admin'), virtual.map(({ name }) => name).sort());
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
  const { ask } = await startServer(t);
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
  assert.deepEqual(spoilt.data, [], 'a customer’s file is not read');
  assert.deepEqual(spoilt.metadata.warning_codes, ['ftp-accounts-unread']);
  assert.match(spoilt.warnings?.join() ?? '', /others than root could have written/);
  chownSync(database, 0, 0);
  chmodSync(database, 0o666);
  assert.deepEqual((await ask('admin', 'list_ftp')).data, []);
  chmodSync(database, 0o600);
  assert.equal((await ask('admin', 'list_ftp')).data.length, virtual.length);
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
  assert.deepEqual((await ask('admin', 'list_ftp')).data, [], 'a file in a customer’s folder');
});

test('the accounts of ProFTPD’s AuthUserFile are listed, to each account its own', {
  skip: needsSandbox(),
  timeout: 300_000,
}, async (t) => {
  const ftpd = await startProftpd({ virtualUsers: virtual });
  t.after(() => ftpd.stop());
  const { ask } = await startServer(t, ['--proftpd-config', ftpd.configuration]);
  await assertIsolated(ask);
  const [sub] = (await ask('one', 'list_ftp_with_disk')).data;
  assert.equal(sub?.['diskquota'], null, 'no file of ProFTPD’s tells');
});
