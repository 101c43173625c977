import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { projectRoot } from '../../support/debian-packages.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { users } from '../../support/users.ts';
import { ask } from '../channel/ask.ts';
import { launch, makeState, type ServedUapid, serve, statusOf } from '../channel/served.ts';

const skip = needsSandbox();
const path = join(projectRoot(), 'packaging/systemd/uapid.service');
const unit = readFileSync(path, 'utf8');

/** The values of a setting, in order. */
const settings = (name: string) =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);

const capabilities = (settings('CapabilityBoundingSet')[0] ?? '').split(' ');

/** What runs a program with no rights of root's but those, which nothing can bring back. */
const confinedTo = (names: readonly string[]) => [
  'setpriv',
  '--no-new-privs',
  `--bounding-set=${['-all', ...names.map((name) => `+${name.replace('CAP_', '').toLowerCase()}`)].join()}`,
];

test('this machine’s systemd gives the unit an exposure of at most 2.5', { skip }, () => {
  const args = ['security', '--offline=yes', '--threshold=25', '--no-pager', path];
  const report = execFileSync('systemd-analyze', args, { encoding: 'utf8' });
  assert.match(report, /Overall exposure level for uapid\.service: [012]\.\d OK/);
});

test('every right that the unit leaves is explained in it', () => {
  const comments = unit
    .split('\n')
    .filter((line) => line.startsWith('#'))
    .join('\n');
  for (const name of capabilities) assert.match(comments, new RegExp(`${name}\\b`), name);
  const open = ['User', 'DynamicUser', 'PrivateUsers', 'PrivateNetwork', 'IPAddressDeny'];
  for (const name of [...open, 'MemoryDenyWriteExecute']) {
    assert.deepEqual(settings(name), [], name);
    assert.ok(comments.includes(`${name}=`), name);
  }
});

async function aliceLogsIn(t: TestContext): Promise<void> {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  const client = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(users.alice.name, users.alice.password);
}

const answerOf = async (uapid: ServedUapid) => {
  const { data, warnings } = await ask(uapid);
  return { data, warnings };
};

test('under the unit’s rights a session’s row is the one that root sees', { skip }, async (t) => {
  await aliceLogsIn(t);
  for (const args of [[], ['--scoreboard-dir', '/nonexistent']]) {
    const free = await serve(t, { args });
    const confined = await serve(t, { args, through: confinedTo(capabilities) });
    const answer = await answerOf(confined);
    assert.equal(answer.data.length, 1);
    assert.deepEqual(answer, await answerOf(free));
    assert.deepEqual(statusOf(confined.pid, 'CapEff'), ['00000000000801e0']);
    assert.deepEqual(statusOf(confined.pid, 'NoNewPrivs'), ['1']);
    confined.kill('SIGTERM');
    assert.equal(await confined.ended(), 0);
  }
});

for (const missing of ['CAP_SETUID', 'CAP_SETGID']) {
  test(`without ${missing} it does not start`, { skip, timeout: 240_000 }, async (t) => {
    const { stateDir } = makeState(t);
    const through = confinedTo(capabilities.filter((name) => name !== missing));
    const run = launch(t, ['--listen', 'http://127.0.0.1:0', '--state-dir', stateDir], { through });
    assert.equal(await run.ended, 1);
  });
}

test('without CAP_SETPCAP it does not start, or the worker’s bounds are wider', {
  skip,
}, async (t) => {
  const boundsOf = async (uapid: ServedUapid) => statusOf(await uapid.httpPid(), 'CapBnd')[0];
  const bounds = await boundsOf(await serve(t, { through: confinedTo(capabilities) }));
  // To become another user, which it has done.
  assert.equal(bounds, '00000000000000c0');
  const less = capabilities.filter((name) => name !== 'CAP_SETPCAP');
  try {
    const wider = await boundsOf(await serve(t, { through: confinedTo(less) }));
    assert.equal(wider, '00000000000800e0');
  } catch (error) {
    assert.match(String(error), /uapid ended: setpriv: .*not permitted/);
  }
});

test('without CAP_SYS_PTRACE it sees less, and says so', { skip }, async (t) => {
  await aliceLogsIn(t);
  const names = capabilities.filter((name) => name !== 'CAP_SYS_PTRACE');
  const { warnings } = await ask(await serve(t, { through: confinedTo(names) }));
  assert.notDeepEqual(warnings, []);
});

test('without CAP_KILL the worker is out of its reach', { skip }, async (t) => {
  const http = await (await serve(t)).httpPid();
  const signal = (names: readonly string[]) => {
    const [command = '', ...args] = [...confinedTo(names), 'kill', '-0', String(http)];
    execFileSync(command, args, { stdio: 'pipe' });
  };
  signal(capabilities);
  const less = capabilities.filter((name) => name !== 'CAP_KILL');
  assert.throws(() => signal(less), /not permitted/);
});
