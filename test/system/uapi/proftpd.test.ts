import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { processStat } from '../../support/processes.ts';
import { startProftpd } from '../../support/proftpd.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { ask } from '../channel/ask.ts';
import { serve } from '../channel/served.ts';

const { alice, bob } = users;
const skip = needsSandbox();

test('two daemons of two kinds are served as one, and each kind of session is ended', {
  skip,
}, async (t) => {
  await makeHome(alice, [['big.bin', 50_000_000]]);
  const dev = { name: 'dev@bob.example', password: `dev-${bob.password}`, owner: bob };
  const proftpd = await startProftpd({ throttle: 50, virtualUsers: [dev] });
  t.after(() => proftpd.stop());
  const uapid = await serve(t);
  for (const { name, password } of [alice, bob]) addAccount(uapid.stateDir, name, password);
  const admin = uapid;
  const as = ({ name, password }: { name: string; password: string }) => ({
    url: uapid.url,
    user: name,
    password,
  });
  const info = await ask(admin, '/execute/Ftp/get_ftp_daemon_info');
  assert.match(
    info.body,
    /"enabled":1,"name":"proftpd","supports":\{"login_without_domain":1,"quota":0\}/,
  );
  const port = await ask(admin, '/execute/Ftp/get_port');
  assert.match(port.body, new RegExp(`"port":${proftpd.port}\\b`));

  const pureFtpd = await startPureFtpd({ throttle: 50 });
  t.after(() => pureFtpd.stop());
  const connected = async (to: typeof pureFtpd, user: typeof dev | typeof alice) => {
    const client = await connectFtp(to);
    t.after(() => client.destroy());
    await client.login(user.name, user.password);
    return client;
  };
  const download = await connected(proftpd, alice);
  const upload = await connected(proftpd, dev);
  const other = await connected(pureFtpd, alice);
  await download.startDownload('big.bin');
  await upload.startUpload('up', { bytes: 3_000 });
  const pids = await Promise.all([download, upload, other].map((each) => each.sessionPid()));
  const [pid = 0, uploadPid = 0, otherPid = 0] = pids;
  const rows = async (place: Parameters<typeof ask>[0]) => {
    const answer = await ask(place, '/execute/Ftp/list_sessions');
    assert.deepEqual(answer.warnings, []);
    const told = answer.data.map((row) => row as unknown as Record<string, unknown>);
    return new Map(told.map(({ login, ...row }) => [row['pid'], row]));
  };
  const first = {
    cmdline: 'proftpd: alice - 127.0.0.1: RETR big.bin',
    file: 'big.bin',
    host: '127.0.0.1',
    pid,
    status: 'DL',
    user: 'alice',
  };
  const second = {
    cmdline: `proftpd: ${dev.name} - 127.0.0.1: STOR up`,
    file: 'up',
    host: '127.0.0.1',
    pid: uploadPid,
    status: 'UL',
    user: dev.name,
  };
  const third = {
    cmdline: 'pure-ftpd (IDLE)',
    file: '',
    host: '127.0.0.1',
    pid: otherPid,
    status: 'IDLE',
    user: 'alice',
  };
  const all = await rows(admin);
  assert.deepEqual(
    pids.map((each) => all.get(each)),
    [first, second, third],
  );
  assert.equal(all.size, 3);
  const ofAlice = await rows(as(alice));
  assert.deepEqual([ofAlice.size, ofAlice.get(pid), ofAlice.get(otherPid)], [2, first, third]);
  assert.deepEqual([...(await rows(as(bob))).values()], [second]);

  const refused = await ask(as(bob), `/execute/Ftp/kill_session?pid=${pid}`);
  assert.match(refused.body, /There was no FTP session/);
  assert.notEqual(processStat(pid), undefined);
  for (const each of [pid, otherPid]) {
    const ended = await ask(as(alice), `/execute/Ftp/kill_session?pid=${each}`);
    // One that has to be killed is told otherwise.
    assert.match(ended.body, /ended/);
    await until(() => processStat(each) === undefined, { what: 'the session has ended' });
  }
  assert.deepEqual([...(await rows(admin)).keys()], [uploadPid]);
});
