import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { cli } from '../../support/uapid.ts';
import { users } from '../../support/users.ts';
import { makeState, serve } from './served.ts';

const { alice } = users;
const passwd = '/etc/passwd';

test('on a connection that is known each change counts from the next request on', {
  skip: needsSandbox(),
}, async (t) => {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(alice.name, alice.password);
  const { stateDir } = makeState(t);
  const password = 'as known as can be';
  addAccount(stateDir, 'alice', password);
  const { url } = await serve(t, { stateDir });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const authorization = `Basic ${Buffer.from(`alice:${password}`).toString('base64')}`;
  /** The number of rows, or what kept from it. */
  const rows = async () => {
    const sent = get(`${url}/execute/Ftp/list_sessions`, { agent, headers: { authorization } });
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const { data, errors } = JSON.parse(await text(response));
    return response.statusCode === 200 ? (data?.length ?? errors[0]) : response.statusCode;
  };
  const command = (...args: string[]) =>
    execFileSync(process.execPath, [cli, ...args, '--state-dir', stateDir], {
      stdio: ['pipe', 'ignore', 'pipe'],
      input: 'another password\n',
    });
  assert.deepEqual([await rows(), await rows()], [1, 1]);

  // In place, since the sandbox's own file is mounted there; of another size, since the kernel's clock
  // of files stands still for milliseconds.
  const lines = readFileSync(passwd, 'utf8');
  t.after(() => writeFileSync(passwd, lines));
  writeFileSync(passwd, lines.replace(`alice:x:${alice.uid}:`, 'alice:x:620991:'));
  assert.deepEqual([await rows(), await rows()], [0, 0]);
  writeFileSync(passwd, lines);
  assert.deepEqual([await rows(), await rows()], [1, 1]);

  command('role', 'disable', 'FTP');
  assert.match(await rows(), /role is disabled/);
  command('role', 'enable', 'FTP');
  assert.deepEqual([await rows(), await rows()], [1, 1]);

  command('account', 'feature', 'disable', 'alice', 'ftpaccts');
  assert.match(await rows(), /ftpaccts/);
  command('account', 'feature', 'enable', 'alice', 'ftpaccts');
  assert.deepEqual([await rows(), await rows()], [1, 1]);

  command('account', 'passwd', 'alice', '--password-stdin');
  assert.equal(await rows(), 401);
});
