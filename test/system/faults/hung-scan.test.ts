import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { runUapid } from '../../support/cli-run.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { prepareMisbehaviour } from '../../support/misbehaving-sessions.ts';
import { startPatience } from '../../support/patience.ts';
import { isAlive, processStat } from '../../support/processes.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { type TestUser, users } from '../../support/users.ts';
import { ask } from '../channel/ask.ts';
import { logged, makeState, type ServedUapid, scannerPidOf, serve } from '../channel/served.ts';

const skip = needsSandbox();
const { alice, bob } = users;

/** More than a hang, the next scanner and a busy machine take; without them there is no answer. */
const boundMs = 30_000;

async function logIn(t: TestContext, ftpd: PureFtpd, user: TestUser) {
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(user.name, user.password);
  return { client, pid: await client.sessionPid() };
}

/** A daemon of root's whose session of alice can hold the lock of its memory map. */
async function startScene(t: TestContext) {
  const locker = await prepareMisbehaviour(t, alice);
  const ftpd = await startPureFtpd({ env: locker.env });
  t.after(() => ftpd.stop());
  const [own, other] = [await logIn(t, ftpd, alice), await logIn(t, ftpd, bob)];
  // Before the daemon is stopped: a session that hangs does not end.
  t.after(() => locker.release());
  return { locker, ftpd, own, other };
}

/** A server with an account for each of the two users. */
async function serveAccounts(t: TestContext) {
  const { stateDir, password } = makeState(t);
  for (const { name } of [alice, bob]) addAccount(stateDir, name, `${name}-${password}`);
  const uapid = await serve(t, { stateDir });
  const place = { ...uapid, password };
  const as = ({ name }: TestUser) => ({
    url: uapid.url,
    user: name,
    password: `${name}-${password}`,
  });
  return { uapid, admin: place, as };
}

const usersOf = ({ data }: { data: readonly { user: string }[] }) =>
  data.map(({ user }) => user).sort();

const processState = (pid: number) => processStat(pid)?.state;

async function health({ url }: Pick<ServedUapid, 'url'>): Promise<number> {
  return (await fetch(`${url}/readyz`)).status;
}

test('a session that holds the lock of its memory map costs others one late answer, and is named', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const { locker, own } = await startScene(t);
  const { uapid, admin, as } = await serveAccounts(t);
  assert.deepEqual(usersOf(await ask(admin)), ['alice', 'bob']);
  const before = scannerPidOf(uapid.pid) ?? 0;
  await locker.holdLock(own.client);

  const patience = startPatience(boundMs);
  const [ofAdmin, ofBob, ofAlice] = await Promise.all([ask(admin), ask(as(bob)), ask(as(alice))]);
  assert.equal(patience.isOver(), false);
  const sentence = `Process ${own.pid} is left out, since reading what the kernel tells of it does not end: sessions may be missing.`;
  assert.deepEqual([usersOf(ofAdmin), ofAdmin.warnings], [['bob'], [sentence]]);
  assert.deepEqual([usersOf(ofBob), ofBob.warnings], [['bob'], []]);
  assert.deepEqual([usersOf(ofAlice), ofAlice.warnings], [[], [sentence]]);
  assert.equal(await health(uapid), 200);

  const [line, ...further] = await logged(uapid, /a scan hangs/);
  assert.deepEqual(
    [line?.['process'], line?.['uid'], line?.['file']],
    [own.pid, alice.uid, 'cmdline'],
  );
  assert.deepEqual(further, []);
  const after = scannerPidOf(uapid.pid);
  assert.notEqual(after, before);
  await until(() => !isAlive(before), { what: 'the scanner that hung has ended' });

  // From then on nothing waits, and others can end what is theirs.
  const ended = await ask(as(bob), '/execute/Ftp/kill_session?login=bob');
  assert.match(ended.body, /1 FTP session was ended/);
  assert.equal(scannerPidOf(uapid.pid), after);

  uapid.kill('SIGTERM');
  assert.equal(await uapid.ended(), 0);
});

test('a server that starts while a session holds its lock answers, and ends when it is asked to', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const { locker, own } = await startScene(t);
  await locker.holdLock(own.client);
  const { uapid, admin, as } = await serveAccounts(t);
  assert.match(uapid.stdout(), new RegExp(`Warning: Process ${own.pid} is left out`));
  assert.deepEqual(usersOf(await ask(admin)), ['bob']);
  assert.deepEqual((await ask(as(bob))).warnings, []);
  assert.equal(await health(uapid), 200);

  // A session that goes on is no fault any more, nor is one that ends.
  await locker.release();
  own.client.destroy();
  await until(() => !isAlive(own.pid), { what: 'the session has ended' });
  assert.deepEqual((await ask(admin)).warnings, []);
  uapid.kill('SIGTERM');
  assert.equal(await uapid.ended(), 0);
});

test('SIGTERM while a scan hangs ends the server with exit code 0', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const { locker, own } = await startScene(t);
  const { uapid, admin } = await serveAccounts(t);
  await ask(admin);
  await locker.holdLock(own.client);
  const asked = ask(admin).catch((error: Error) => error);
  // It hangs in the kernel, on behalf of this question.
  const scanner = scannerPidOf(uapid.pid) ?? 0;
  await until(() => processState(scanner) === 'D', { what: 'the scan hangs', everyMs: 1 });
  uapid.kill('SIGTERM');
  assert.equal(await uapid.ended(), 0);
  await asked;
  await until(() => !isAlive(scanner), { what: 'the scanner has ended' });
});

test('the commands of root look by themselves, and name what they leave out', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const { locker, own, other } = await startScene(t);
  const { stateDir } = makeState(t);
  await locker.holdLock(own.client);
  const listed = await runUapid(['sessions', '--state-dir', stateDir]);
  assert.match(listed.stdout, /bob/);
  assert.match(listed.stderr, new RegExp(`warning: Process ${own.pid} is left out`));
  const killed = await runUapid(['kill', String(other.pid), '--state-dir', stateDir]);
  assert.match(killed.stdout, new RegExp(`ended\\s+${other.pid}`));
  assert.equal(isAlive(other.pid), false);
});

test('a scanner that is killed under load is replaced, and no answer is wrong', {
  skip,
  timeout: 300_000,
}, async (t) => {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  await logIn(t, ftpd, alice);
  const { uapid, admin } = await serveAccounts(t);
  await ask(admin);
  for (let time = 0; time < 3; time += 1) {
    const scanner = await until(() => scannerPidOf(uapid.pid), { what: 'there is a scanner' });
    const answers = Array.from({ length: 10 }, () => ask(admin));
    process.kill(scanner, 'SIGKILL');
    for (const answer of [...(await Promise.all(answers)), await ask(admin)]) {
      assert.deepEqual([answer.status, usersOf(answer), answer.warnings], [200, ['alice'], []]);
    }
  }
  const lines = await logged(uapid, /^the scanner ended and is started again$/, 3);
  assert.equal(lines.length, 3);
});
