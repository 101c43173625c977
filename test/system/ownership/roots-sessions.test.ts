import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { isAlive, processStat, uidOf } from '../../support/processes.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { ask, type Place } from '../channel/ask.ts';
import { type ServedUapid, serve } from '../channel/served.ts';

const skip = needsSandbox();
const { alice } = users;

/** Gives root a password in the sandbox's own copy of shadow(5), until the test is over. */
function givePasswordToRoot(t: TestContext): string {
  const password = randomBytes(12).toString('hex');
  const hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: password });
  const before = readFileSync('/etc/shadow', 'utf8');
  const others = before.split('\n').filter((line) => !line.startsWith('root:'));
  writeFileSync(
    '/etc/shadow',
    [`root:${hash}`.trim().concat(':19000:0:99999:7:::'), ...others].join('\n'),
  );
  t.after(() => writeFileSync('/etc/shadow', before));
  return password;
}

function addRooted({ url, stateDir }: ServedUapid, name: string, systemUser: string): Place {
  addAccount(stateDir, name, `password of ${name}`, { systemUser });
  return { url, user: name, password: `password of ${name}` };
}

const rowsOf = ({ data }: Awaited<ReturnType<typeof ask>>) =>
  data.map(({ pid, user }) => [pid, user]).sort();

test('root’s session is an administrator’s to see and to end, and no account’s', {
  skip,
}, async (t) => {
  const password = givePasswordToRoot(t);
  // pure-ftpd's own default: whoever has a uid may log in.
  const ftpd = await startPureFtpd({ args: ['-u', '0'] });
  t.after(() => ftpd.stop());
  const uapid = await serve(t);
  const account = addRooted(uapid, 'alice', alice.name);
  const other = await connectFtp(ftpd);
  t.after(() => other.destroy());
  await other.login(alice.name, alice.password);
  const alices = await other.sessionPid();
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  const pid = await client.sessionPid();
  const named = await connectFtp(ftpd);
  t.after(() => named.destroy());
  await named.command('USER root');
  // Connections before login, which are root's processes too, are nobody's session.
  for (let look = 0; look < 3; look += 1) {
    const { data, warnings } = await ask(uapid);
    assert.deepEqual([data.map((row) => row.pid), warnings], [[alices], []]);
  }
  await client.login('root', password);
  assert.equal(uidOf(pid), 0);
  for (const server of [uapid, uapid, await serve(t)]) {
    const answer = await ask(server);
    assert.deepEqual(
      rowsOf(answer),
      [
        [alices, alice.name],
        [pid, 'root'],
      ].sort(),
    );
    assert.deepEqual(answer.warnings, []);
  }
  const theirs = await ask(account);
  assert.deepEqual([rowsOf(theirs), theirs.warnings], [[[alices, alice.name]], []]);
  await ask(account, '/execute/Ftp/kill_session?login=root');
  assert.equal(processStat(pid)?.state === 'Z', false);
  assert.match((await ask(uapid, '/execute/Ftp/kill_session?login=root')).body, /One|1|ended/);
  await until(() => !isAlive(pid), { what: 'root’s session has ended' });
  assert.deepEqual(rowsOf(await ask(uapid)), [[alices, alice.name]]);
});
