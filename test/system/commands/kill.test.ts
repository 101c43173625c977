import assert from 'node:assert/strict';
import { chownSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { makeHome } from '../../support/homes.ts';
import { processStat } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { startScene, uapidAs } from '../../support/sessions-scene.ts';
import { users } from '../../support/users.ts';
import { copyProgram, installProgram } from '../channel/program-copy.ts';

const skip = needsSandbox();
const { alice, bob, carol } = users;

const isThere = ({ pid }: { readonly pid: number }) =>
  ![undefined, 'Z'].includes(processStat(pid)?.state);

/** The lines of the audit log about ended sessions, without their times. */
function auditOf(stateDir: string): string[] {
  return readFileSync(join(stateDir, 'audit.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes(' session-ended '))
    .map((line) => line.replace(/^uapid-audit: \S+ session-ended /, ''));
}

const startOf = ({ pid }: { readonly pid: number }) => processStat(pid)?.startTime ?? '';

for (const isServed of [true, false]) {
  const how = isServed ? 'through the server' : 'by root where no server runs';
  async function scene(t: TestContext, logins: readonly string[] = []) {
    const all = await startScene(t, logins);
    if (isServed) await all.serve();
    return all;
  }

  test(`by its PID one session is ended and no other, ${how}, and written down`, {
    skip,
  }, async (t) => {
    const { uapid, logIn, stateDir } = await scene(t);
    await makeHome(alice, [['big.iso', 4_000_000]]);
    const [busy, idle, other] = [await logIn('alice'), await logIn('alice'), await logIn('bob')];
    await busy.client.startDownload('big.iso');
    const start = startOf(busy);
    addAccount(stateDir, 'shop', 'a long password', { systemUser: 'alice' });
    const result = await uapid('kill', String(busy.pid));
    assert.deepEqual(result, {
      code: 0,
      stdout: `ended\t${busy.pid}\talice\t127.0.0.1\n`,
      stderr: '',
    });
    assert.deepEqual([busy, idle, other].map(isThere), [false, true, true]);
    const by = process.env['SUDO_USER'] ?? userInfo().username;
    assert.deepEqual(auditOf(stateDir), [
      `address=- account="shop" by="${by}" pid=${busy.pid} start=${start} login="alice" outcome=ended`,
    ]);
  });

  test(`by its login every session of it is ended, ${how}, several words at once`, {
    skip,
  }, async (t) => {
    const { uapid, logIn, stateDir } = await scene(t, ['dev@alice.example']);
    const dev = [await logIn('dev@alice.example'), await logIn('dev@alice.example')];
    const [own, other, third] = [await logIn('alice'), await logIn('bob'), await logIn('carol')];
    const words = ['dev@alice.example', String(dev[0]?.pid), 'bob'];
    const { code, stdout, stderr } = await uapid('kill', ...words);
    assert.deepEqual([code, stderr], [0, '']);
    const lines = [...dev.map(({ pid }) => `ended\t${pid}\tdev@alice.example\t127.0.0.1`)];
    lines.push(`ended\t${other.pid}\tbob\t127.0.0.1`);
    assert.deepEqual(stdout.trimEnd().split('\n').sort(), lines.sort());
    assert.deepEqual([...dev, own, other, third].map(isThere), [false, false, true, false, true]);
    assert.equal(auditOf(stateDir).length, 3);
  });

  test(`what is no session is told and left alone, ${how}, and the rest is ended`, {
    skip,
  }, async (t) => {
    const { uapid, logIn, ftpd } = await scene(t);
    const session = await logIn('alice');
    // The daemon’s master and this test are processes, and no sessions.
    const words = ['ghost', String(ftpd.pid), String(process.pid), 'alice'];
    const { code, stdout, stderr } = await uapid('kill', ...words);
    assert.equal(code, 3);
    assert.equal(stdout, `ended\t${session.pid}\talice\t127.0.0.1\n`);
    assert.deepEqual(stderr.trimEnd().split('\n'), [
      'uapid: there is no session of the login "ghost"',
      `uapid: there is no session with the PID ${ftpd.pid} (a login of digits needs --login)`,
      `uapid: there is no session with the PID ${process.pid} (a login of digits needs --login)`,
    ]);
    assert.ok(isThere(ftpd));
  });

  test(`a session that its owner has stopped is ended too, ${how}`, { skip }, async (t) => {
    const { uapid, logIn, stateDir } = await scene(t);
    const session = await logIn('alice');
    // A stopped process gets no SIGTERM before it goes on (signal(7)).
    process.kill(session.pid, 'SIGSTOP');
    const { code, stdout, stderr } = await uapid('kill', 'alice');
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout, `ended\t${session.pid}\talice\t127.0.0.1\n`);
    assert.match(auditOf(stateDir)[0] ?? '', /outcome=ended$/);
  });

  test(`with --account the sessions of others are not to be found, ${how}`, {
    skip,
  }, async (t) => {
    const { uapid, logIn, stateDir } = await scene(t);
    addAccount(stateDir, 'shop', 'a long password', { systemUser: 'alice' });
    const [own, other] = [await logIn('alice'), await logIn('bob')];
    for (const word of ['bob', String(other.pid)]) {
      const { code, stdout, stderr } = await uapid('kill', word, '--account', 'shop');
      assert.deepEqual([code, stdout], [3, '']);
      assert.match(stderr, /^uapid: there is no session /);
    }
    const unknown = await uapid('kill', 'bob', '--account', 'ghost');
    assert.deepEqual([unknown.code, unknown.stderr], [3, 'uapid: there is no account "ghost"\n']);
    assert.deepEqual([own, other].map(isThere), [true, true]);
    assert.equal((await uapid('kill', 'alice', '--account', 'shop')).code, 0);
    assert.deepEqual([own, other].map(isThere), [false, true]);
  });
}

test('a number is never taken for a login, unless --login says so', { skip }, async (t) => {
  // Above the kernel's PID_MAX_LIMIT, so no process ever has it.
  const number = '4194305';
  const { uapid, logIn } = await startScene(t, [number]);
  const [session, other] = [await logIn(number), await logIn('alice')];
  const refused = await uapid('kill', number);
  assert.equal(refused.code, 3);
  assert.ok(isThere(session));
  // And with it never for a PID.
  const noPid = await uapid('kill', '--login', String(other.pid));
  assert.match(noPid.stderr, /there is no session of the login/);
  const { code, stdout } = await uapid('kill', '--login', number);
  assert.deepEqual([code, stdout], [0, `ended\t${session.pid}\t${number}\t127.0.0.1\n`]);
  assert.ok(isThere(other));
});

test('a member of the control group ends sessions, and the server writes down who it was', {
  skip,
}, async (t) => {
  const { serve, logIn, stateDir } = await startScene(t);
  const session = await logIn('alice');
  const start = startOf(session);
  const cli = installProgram(t, 0o755);
  const path = '/run/uapid-kill-test/control.sock';
  const socket = ['--control-socket', path];
  await serve({ args: [...socket, '--control-group', bob.name] });
  const member = { uid: carol.uid, gid: bob.gid };
  // The log is nothing that he could write to himself.
  const result = await uapidAs(member, ['kill', String(session.pid), ...socket], cli);
  assert.deepEqual([result.code, result.stderr], [0, '']);
  assert.equal(isThere(session), false);
  assert.deepEqual(auditOf(stateDir), [
    `address=- account=- by="carol" pid=${session.pid} start=${start} login="alice" outcome=ended`,
  ]);
});

test('a session that stays is told beside what is none, with exit code 1', { skip }, async (t) => {
  const { logIn, stateDir } = await startScene(t);
  const { pid } = await logIn('alice');
  const { program } = copyProgram(t);
  const code = dirname(program);
  // A FAKE: signals go nowhere, since nothing that a test may do keeps a session from SIGKILL.
  renameSync(join(code, 'scanner.js'), join(code, 'real-scanner.js'));
  const lost = "process.kill = () => true;\nawait import('./real-scanner.js');\n";
  writeFileSync(join(code, 'scanner.js'), lost);
  const words = ['kill', String(pid), 'nobody', '--state-dir', stateDir];
  const result = await uapidAs({ uid: 0, gid: 0 }, words, program);
  assert.deepEqual([result.code, result.stdout], [1, `remains\t${pid}\talice\t127.0.0.1\n`]);
  assert.deepEqual(result.stderr.trimEnd().split('\n'), [
    `uapid: The FTP session of “alice” with the PID ${pid} did not end within 5 seconds, nor by force: it is still there.`,
    'uapid: there is no session of the login "nobody"',
  ]);
  assert.match(auditOf(stateDir)[0] ?? '', /outcome=remains$/);
});

test('a session that uapid may not end is told beside what is none, with exit code 1', {
  skip,
}, async (t) => {
  const { serve, logIn, stateDir, uapid } = await startScene(t);
  const session = await logIn('bob');
  chownSync(stateDir, carol.uid, carol.gid);
  await serve({ as: carol });
  const { code, stdout, stderr } = await uapid('kill', String(session.pid), 'nobody');
  assert.equal(code, 1);
  assert.match(stdout, new RegExp(`^denied\\t${session.pid}\\t`));
  const told = stderr.split('\n').filter((line) => !line.startsWith('uapid: warning: '));
  assert.match(
    told[0] ?? '',
    new RegExp(`the PID ${session.pid} was not ended: uapid has no right to`),
  );
  assert.equal(told[1], 'uapid: there is no session of the login "nobody"');
  assert.ok(isThere(session));
});
