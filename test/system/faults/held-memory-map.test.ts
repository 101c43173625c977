import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { pureFtpdPrograms } from '../../support/daemons.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import {
  type Holder,
  needsMemoryLock,
  ownProgram,
  startHolder,
} from '../../support/memory-lock.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { ask, type Place } from '../channel/ask.ts';
import { type ServedUapid, serve } from '../channel/served.ts';

const skip = needsMemoryLock();
const { alice, bob } = users;
const ofUser =
  /looks like an FTP daemon and runs as an ordinary user, and nothing of root’s proves a session/;

/** What bob's account may ask for his own sessions with. */
function addBob({ url, stateDir }: ServedUapid): Place {
  addAccount(stateDir, 'bob', 'password of bob', { systemUser: bob.name });
  return { url, user: 'bob', password: 'password of bob' };
}

async function logInBob(t: TestContext) {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(bob.name, bob.password);
  return { ftpd, client, pid: await client.sessionPid() };
}

/** Programs that look like the daemon, each held by an ordinary user. */
const programs: [what: string, hold: (t: TestContext) => Promise<Holder>][] = [
  [
    'a user’s file of the daemon’s name',
    (t) => startHolder(t, { user: alice, executable: ownProgram(alice, 'pure-ftpd') }),
  ],
  [
    'the system’s own pure-ftpd, run by a user with a library of his',
    async (t) => {
      const { pureFtpd, env } = await pureFtpdPrograms();
      return startHolder(t, { user: alice, executable: pureFtpd, env });
    },
  ],
];

/** Answers are whole, and only the administrator is told of what looks like a daemon. */
async function assertWhole(uapid: ServedUapid, account: Place, pid: number): Promise<void> {
  const told = await until(
    async () => {
      const answer = await ask(uapid);
      assert.deepEqual(
        answer.data.map((row) => [row.pid, row.user]),
        [[pid, bob.name]],
      );
      return answer.warnings.length > 0 ? answer.warnings : undefined;
    },
    { what: 'the administrator is told', timeoutMs: 60_000 },
  );
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', ofUser);
  const own = await ask(account);
  assert.deepEqual([own.data.map((row) => row.pid), own.warnings], [[pid], []]);
}

for (const [what, hold] of programs) {
  test(`${what} that holds its own memory map holds up no scan, and no end of a session`, {
    skip,
  }, async (t) => {
    const { pid } = await logInBob(t);
    const uapid = await serve(t);
    const account = addBob(uapid);
    assert.deepEqual((await ask(uapid)).warnings, []);
    const holder = await hold(t);
    await assertWhole(uapid, account, pid);
    const later = await serve(t);
    await assertWhole(later, addBob(later), pid);
    const { status } = await ask(account, '/execute/Ftp/kill_session?login=all');
    assert.equal(status, 200);
    await until(async () => (await ask(uapid)).data.length === 0, { what: 'bob’s session ends' });
    await holder.release();
  });
}

test('any process that holds its own memory map is passed over by a server that starts', {
  skip,
}, async (t) => {
  const { pid } = await logInBob(t);
  await startHolder(t, { user: alice, executable: ownProgram(alice, 'anything') });
  const uapid = await serve(t);
  for (let look = 0; look < 3; look += 1) {
    const { data, warnings } = await ask(uapid);
    assert.deepEqual([data.map((row) => row.pid), warnings], [[pid], []]);
  }
});

test('without any FTP daemon, too, where each scan goes through the whole process table', {
  skip,
}, async (t) => {
  await startHolder(t, { user: alice, executable: ownProgram(alice, 'pure-ftpd') });
  const uapid = await serve(t);
  const { data, warnings } = await ask(uapid);
  assert.deepEqual(data, []);
  assert.equal(warnings.length, 2, `${warnings}`);
  assert.match(warnings.join('\n'), /sees no FTP daemon of this server’s own/);
  assert.match(warnings.join('\n'), ofUser);
  assert.equal((await ask(addBob(uapid))).warnings.length, 1);
});

test('the process source ps-list, whose ps waits for such a process, gives up and says so', {
  skip,
}, async (t) => {
  const { pid } = await logInBob(t);
  const uapid = await serve(t, { args: ['--process-source', 'ps-list'] });
  const holder = await startHolder(t, { user: alice, executable: ownProgram(alice, 'anything') });
  for (let look = 0; look < 2; look += 1) {
    const { data, warnings } = await ask(uapid);
    assert.deepEqual(data, []);
    assert.match(warnings.join('\n'), /ps has not listed the processes in time/);
  }
  await holder.release();
  await until(async () => (await ask(uapid)).data[0]?.pid === pid, {
    what: 'it lists again',
    timeoutMs: 20_000,
  });
});
