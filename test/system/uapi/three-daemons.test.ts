import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { addAccount } from '../../support/add-account.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import {
  type Doing,
  daemonNames,
  type HostDaemon,
  startHostDaemon,
} from '../../support/host-daemons.ts';
import { childrenOf, processStat } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { type TestUser, users } from '../../support/users.ts';
import { serve } from '../channel/served.ts';
import { interpreter } from '../clients/interpreters.ts';

const { alice, bob, carol } = users;
const throttle = 50;
/** Longer than any test lasts. */
const bytes = 500_000_000;
const virtual = {
  name: 'dev@bob.example',
  password: randomBytes(9).toString('hex'),
  owner: bob,
};

/** One session of each kind at each daemon: a download, an upload by a virtual user, an idle one. */
const plans: readonly (Omit<Doing, 'from'> & { readonly password: string })[] = [
  { user: 'alice', password: alice.password, status: 'DL', file: 'a "big" one.bin' },
  { user: virtual.name, password: virtual.password, status: 'UL', file: 'up | load.bin' },
  { user: 'carol', password: carol.password, status: 'IDLE', file: '' },
];

interface Row {
  readonly cmdline: string;
  readonly file: string;
  readonly host: string;
  readonly login: string;
  readonly pid: number;
  readonly status: string;
  readonly user: string;
}

/** A session as its client knows it. */
interface Opened {
  readonly daemon: HostDaemon;
  readonly client: FtpClient;
  /** All of it but the time of the login, of which only the bounds are known. */
  readonly row: Omit<Row, 'login'>;
  readonly from: number;
  readonly to: number;
}

async function open(
  t: TestContext,
  daemon: HostDaemon,
  plan: (typeof plans)[number],
  address: string,
): Promise<Opened> {
  const from = Math.floor(Date.now() / 1000) - 1;
  const client = await connectFtp({ ...daemon, localAddress: address });
  t.after(() => client.destroy());
  const to = Math.ceil(Date.now() / 1000);
  const pid = await daemon.logIn(client, { name: plan.user, password: plan.password });
  if (plan.status === 'DL') await client.startDownload(plan.file);
  if (plan.status === 'UL') await client.startUpload(plan.file, { bytes: 3_000 });
  const doing = { ...plan, from: address };
  const { user, status } = plan;
  const file = daemon.fileOf(doing);
  const row = { cmdline: daemon.titleOf(doing), file, host: address, pid, status, user };
  return { daemon, client, row, from, to };
}

test('one curl tells the sessions of three daemons on one host, each in every field, and each is ended over HTTP', {
  skip: needsSandbox(),
}, async (t) => {
  await makeHome(alice, [['a "big" one.bin', bytes]]);
  const curl = await interpreter('curl');
  const opened: Opened[] = [];
  for (const [index, name] of daemonNames.entries()) {
    const daemon = await startHostDaemon(name, {
      throttle,
      logins: [virtual],
      vsftpd: 'debian-13',
    });
    t.after(() => daemon.stop());
    for (const [kind, plan] of plans.entries()) {
      opened.push(await open(t, daemon, plan, `127.0.${index + 1}.${kind + 1}`));
    }
  }
  const uapid = await serve(t);
  for (const { name, password } of [alice, bob, carol]) addAccount(uapid.stateDir, name, password);

  /** What a real curl prints, as an account. */
  async function printed(path: string, account: Pick<TestUser, 'name' | 'password'>) {
    const { PATH } = process.env;
    const login = `${account.name}:${account.password}`;
    const { stdout } = await promisify(execFile)(
      curl.command,
      ['--silent', '--show-error', '--fail', '--user', login, `${uapid.url}${path}`],
      { env: { PATH, ...curl.env } },
    );
    return JSON.parse(stdout) as {
      data: Row[] | null;
      errors: string[] | null;
      messages: string[] | null;
      warnings: string[] | null;
    };
  }

  const admin = { ...uapid, name: 'admin' };

  /** All of these and nothing else, in the order in which they were opened, and no warning. */
  async function assertRows(account: Pick<TestUser, 'name' | 'password'>, wanted: Opened[]) {
    const { data, errors, warnings } = await printed('/execute/Ftp/list_sessions', account);
    assert.deepEqual([errors, warnings], [null, null]);
    const rows = new Map(data?.map((row) => [row.pid, row]));
    const told = wanted.map(({ row: { pid }, from, to }) => {
      const { login = '', ...rest } = rows.get(pid) ?? {};
      const at = Date.parse(login) / 1000;
      assert.ok(at >= from && at <= to, `${login} is from ${from} to ${to}`);
      return rest;
    });
    assert.deepEqual(
      told,
      wanted.map(({ row }) => row),
    );
    assert.equal(data?.length, wanted.length);
  }

  await assertRows(admin, opened);
  const ofStatus = (status: string) => opened.filter(({ row }) => row.status === status);
  await assertRows(alice, ofStatus('DL'));
  await assertRows(bob, ofStatus('UL'));
  await assertRows(carol, ofStatus('IDLE'));

  /** None of the processes that serve it is left. */
  async function assertEnded({ daemon, row, client }: Opened, others: number) {
    await until(() => processStat(row.pid) === undefined, { what: `${row.cmdline} has ended` });
    await until(() => childrenOf(daemon.pid).length === others, {
      what: `nothing of it is left at ${daemon.name}`,
    });
    client.destroy();
  }

  const kill = '/execute/Ftp/kill_session';
  for (const each of ofStatus('DL')) {
    const refused = await printed(`${kill}?pid=${each.row.pid}`, bob);
    assert.match(`${refused.messages}`, /^There was no FTP session/);
    const { messages, errors } = await printed(`${kill}?pid=${each.row.pid}`, alice);
    // One that has to be killed is told otherwise.
    assert.match(`${messages}`, /^1 FTP session was ended/);
    assert.equal(errors, null);
    await assertEnded(each, 2);
  }
  const uploads = await printed(`${kill}?login=${encodeURIComponent(virtual.name)}`, bob);
  assert.match(`${uploads.messages}`, /^3 FTP sessions/);
  for (const each of ofStatus('UL')) await assertEnded(each, 1);
  await assertRows(admin, ofStatus('IDLE'));
  const idle = await printed(`${kill}?login=carol`, admin);
  assert.match(`${idle.messages}`, /^3 FTP sessions/);
  for (const each of ofStatus('IDLE')) await assertEnded(each, 0);
  await assertRows(admin, []);
});
