import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { processStat } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { startSuperServer } from '../../support/super-server.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { ask } from '../channel/ask.ts';
import { serve } from '../channel/served.ts';

const { alice, bob } = users;
const skip = needsSandbox();

test('a daemon that is started for each connection is told to whom its session proves it, with its port', {
  skip,
}, async (t) => {
  await makeHome(alice, [['big.bin', 50_000_000]]);
  const { host, port } = await startSuperServer(t);
  const uapid = await serve(t);
  for (const { name, password } of [alice, bob]) addAccount(uapid.stateDir, name, password);
  const as = (user: { name: string; password: string }) => ({
    url: uapid.url,
    user: user.name,
    password: user.password,
  });
  const admin = { name: uapid.user, password: uapid.password };
  const functions = ['get_ftp_daemon_info', 'server_name', 'get_port', 'list_sessions'];
  const answers = async (user: typeof admin) => {
    const bodies: string[] = [];
    for (const each of functions) bodies.push((await ask(as(user), `/execute/Ftp/${each}`)).body);
    return bodies;
  };
  const noDaemon = await answers(bob);
  for (const body of noDaemon)
    assert.match(body, /no FTP daemon of this server’s own that waits for connections/);
  assert.deepEqual(await answers(alice), noDaemon);

  const client = await connectFtp({ host, port });
  t.after(() => client.destroy());
  await client.login(alice.name, alice.password);
  const pid = await client.sessionPid();
  await client.startDownload('big.bin');
  for (const user of [alice, admin]) {
    const [info = '', name = '', listensOn = '', sessions = ''] = await answers(user);
    assert.match(info, /"enabled":1,"name":"pure-ftpd"/);
    assert.match(name, /"data":"pure-ftpd"/);
    assert.match(listensOn, new RegExp(`"port":${port}\\b`));
    const { data, warnings } = JSON.parse(sessions);
    const rows = data.map((row: Record<string, unknown>) => [row['pid'], row['user'], row['file']]);
    assert.deepEqual([rows, warnings], [[[pid, alice.name, 'big.bin']], null]);
  }
  // Nobody learns of somebody else's session: all is as it was before.
  assert.deepEqual(await answers(bob), noDaemon);

  client.destroy();
  await until(() => processStat(pid) === undefined, { what: 'the session has ended' });
  for (const user of [alice, bob]) assert.deepEqual(await answers(user), noDaemon);
});
