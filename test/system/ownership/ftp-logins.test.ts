import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { isAlive, processStat } from '../../support/processes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { giveRecordAway } from '../../support/spoilt-records.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { ask } from '../channel/ask.ts';
import { makeState, serve } from '../channel/served.ts';

const { alice } = users;

/** Of one uid, as panels have it; the names of the others try to pass for those of shop.example. */
const logins = [
  'dev@shop.example',
  'ann@shop.example',
  '@shop.example',
  'dev@shop.example.evil',
  'dev@SHOP.example',
  'rival',
];
const unproven =
  'The FTP login of some session cannot be told for sure, and so whose it is: sessions may be missing.';

test('accounts of FTP logins on one uid see, are told of and end what is proven to be theirs alone', {
  skip: needsSandbox(),
  timeout: 300_000,
}, async (t) => {
  await makeHome(alice, []);
  const password = () => randomBytes(9).toString('hex');
  const virtualUsers = logins.map((name) => ({ name, owner: alice, password: password() }));
  const ftpd = await startPureFtpd({ virtualUsers });
  t.after(() => ftpd.stop());
  const clients = new Map<string, FtpClient>();
  const pids = new Map<string, number>();
  for (const { name, password } of virtualUsers) {
    const client = await connectFtp(ftpd);
    t.after(() => client.destroy());
    await client.login(name, password);
    clients.set(name, client);
    pids.set(name, await client.sessionPid());
  }
  const { stateDir, password: ofAdmin } = makeState(t);
  const accounts = [
    { name: 'shop', ftpLogins: ['*@shop.example'] },
    { name: 'rival', ftpLogins: ['rival'] },
    { name: 'alice' },
  ].map((facts) => ({ ...facts, password: password() }));
  for (const { name, password, ...facts } of accounts) addAccount(stateDir, name, password, facts);
  const uapid = await serve(t, { stateDir });
  const places = new Map(
    [{ name: 'admin', password: ofAdmin }, ...accounts].map(({ name, password }) => [
      name,
      { ...uapid, user: name, password },
    ]),
  );
  const question = async (name: string, path?: string) => {
    const place = places.get(name);
    assert.ok(place);
    return await ask(place, path);
  };
  async function assertSeen(name: string, expected: readonly string[], warnings: string[] = []) {
    for (const func of ['list_sessions', 'list_transfers']) {
      const answer = await question(name, `/execute/Ftp/${func}`);
      assert.deepEqual(answer.data.map(({ user }) => user).sort(), [...expected].sort());
      assert.deepEqual(answer.warnings, warnings);
    }
  }
  await assertSeen('shop', ['dev@shop.example', 'ann@shop.example']);
  await assertSeen('rival', ['rival']);
  await assertSeen('alice', logins);
  await assertSeen('admin', logins);

  // Nobody else’s by name, by pid or by all, and nothing is told of it.
  const answers = await Promise.all(
    ['login=rival', 'login=@shop.example', `pid=${pids.get('rival')}`, 'login=no-such'].map(
      (args) => question('shop', `/execute/Ftp/kill_session?${args}`),
    ),
  );
  for (const { body } of answers) assert.match(body, /There was no FTP session.* to end\./);
  const start = processStat(pids.get('rival') ?? 0)?.startTime;
  const ended = await question(
    'shop',
    `/execute/Ftp/end_session?pid=${pids.get('rival')}&start=${start}`,
  );
  assert.match(ended.body, /There is no such FTP session\./);
  assert.ok([...pids.values()].every(isAlive));

  // One whose record names another process: its login is proven no more.
  giveRecordAway(pids.get('ann@shop.example') ?? 0);
  // A session that has not run since has not changed its record.
  await clients.get('ann@shop.example')?.command('NOOP');
  await assertSeen('shop', ['dev@shop.example'], [unproven]);
  await assertSeen('rival', ['rival'], [unproven]);

  const killed = await question('shop', '/execute/Ftp/kill_session');
  assert.match(killed.body, /1 FTP session was ended/);
  const left = logins.filter((login) => isAlive(pids.get(login) ?? 0));
  assert.deepEqual(
    left,
    logins.filter((login) => login !== 'dev@shop.example'),
  );
  const log = join(stateDir, 'audit.log');
  const isTold = /session-ended [^\n]*account="?shop"? [^\n]*dev@shop\.example/;
  await until(() => isTold.test(readFileSync(log, 'utf8')), {
    what: 'the audit log has the ending as one of shop’s',
  });
});
