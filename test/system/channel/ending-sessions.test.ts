import assert from 'node:assert/strict';
import { chownSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { connectFtp, type FtpClient } from '../../support/ftp-client.ts';
import { makeHome } from '../../support/homes.ts';
import { prepareMisbehaviour } from '../../support/misbehaving-sessions.ts';
import { isAlive, processStat } from '../../support/processes.ts';
import { type PureFtpd, startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { type TestUser, users } from '../../support/users.ts';
import { type Answer, ask } from './ask.ts';
import { makeState, serve } from './served.ts';

const skip = needsSandbox();
const { alice, bob } = users;

async function startFtp(t: TestContext): Promise<PureFtpd> {
  await makeHome(alice, [['big.bin', 50_000_000]]);
  const ftpd = await startPureFtpd({ throttle: 300 });
  t.after(() => ftpd.stop());
  return ftpd;
}

async function visit(t: TestContext, ftpd: PureFtpd, { name, password }: TestUser) {
  const client: FtpClient = await connectFtp(ftpd);
  t.after(() => client.destroy());
  await client.login(name, password);
  return { client, pid: await client.sessionPid() };
}

const textsOf = ({ body }: Answer) => {
  const { messages, warnings, errors } = JSON.parse(body) as Record<string, string[] | null>;
  return { messages, warnings, errors };
};

/** So many lines of the audit log, without prefix and time. An answer may be quicker than they. */
function audited(stateDir: string, count: number): Promise<string[]> {
  return until(
    () => {
      const lines = readFileSync(join(stateDir, 'audit.log'), 'utf8')
        .split('\n')
        .filter((line) => / (?:session-ended|call-refused) /.test(line))
        .map((line) => line.replace(/^uapid-audit: \S+ /, ''));
      return lines.length >= count && lines;
    },
    { what: `${count} lines are in the audit log` },
  );
}

for (const source of ['procfs', 'ps-list']) {
  test(`the two processes end a session for its account, through ${source}, and write it down`, {
    skip,
  }, async (t) => {
    const ftpd = await startFtp(t);
    const [own, other] = [await visit(t, ftpd, alice), await visit(t, ftpd, alice)];
    const foreign = await visit(t, ftpd, bob);
    const { stateDir } = makeState(t);
    const password = `account-${alice.password}`;
    addAccount(stateDir, 'alice', password);
    const { url } = await serve(t, { stateDir, args: ['--process-source', source] });
    const place = { url, user: 'alice', password };
    const start = processStat(own.pid)?.startTime ?? '';
    await own.client.startDownload('big.bin');

    const guess = await ask(place, `/execute/Ftp/end_session?pid=${foreign.pid}&start=1`);
    assert.deepEqual(textsOf(guess).errors, ['There is no such FTP session. Nothing was ended.']);
    const one = await ask(place, `/execute/Ftp/end_session?pid=${own.pid}&start=${start}`);
    assert.deepEqual(textsOf(one).messages, ['1 FTP session was ended.']);
    assert.deepEqual(
      [own, other, foreign].map(({ pid }) => isAlive(pid)),
      [false, true, true],
    );
    const all = await ask(place, '/execute/Ftp/kill_session?login=alice');
    assert.deepEqual(textsOf(all).messages, ['1 FTP session was ended.']);
    assert.deepEqual(
      [other, foreign].map(({ pid }) => isAlive(pid)),
      [false, true],
    );

    const who = 'address=127.0.0.1 account="alice" by="alice"';
    const lines = await audited(stateDir, 3);
    const otherStart = /start=(\d+) login="alice" outcome=ended claimed=caller$/.exec(
      lines[2] ?? '',
    )?.[1];
    assert.deepEqual(lines, [
      `session-ended ${who} pid=${foreign.pid} start=1 login=- outcome=none claimed=line`,
      `session-ended ${who} pid=${own.pid} start=${start} login="alice" outcome=ended claimed=caller`,
      `session-ended ${who} pid=${other.pid} start=${otherStart} login="alice" outcome=ended claimed=caller`,
    ]);
  });
}

test('a session that ignores SIGTERM is gone all the same: an answer without warnings, and its line', {
  skip,
}, async (t) => {
  await makeHome(alice, []);
  const misbehaviour = await prepareMisbehaviour(t, alice);
  const ftpd = await startPureFtpd({ env: misbehaviour.env });
  t.after(() => ftpd.stop());
  const [defying, other] = [await visit(t, ftpd, alice), await visit(t, ftpd, alice)];
  await misbehaviour.ignoreEnd(defying.client);
  const state = makeState(t);
  const place = { ...(await serve(t, { stateDir: state.stateDir })), password: state.password };
  const answer = textsOf(await ask(place, '/execute/Ftp/kill_session?login=alice'));
  assert.deepEqual(answer, {
    messages: ['2 FTP sessions were ended, 1 of them by force.'],
    warnings: null,
    errors: null,
  });
  const lines = await audited(state.stateDir, 2);
  const outcomes = lines.map((line) =>
    / pid=(\d+) .* (outcome=.*)$/.exec(line)?.slice(1).join(' '),
  );
  assert.deepEqual(
    outcomes.sort(),
    [
      `${defying.pid} outcome=killed claimed=caller`,
      `${other.pid} outcome=ended claimed=caller`,
    ].sort(),
  );
});

test('without root nobody’s session is ended, and the caller is told why', { skip }, async (t) => {
  const ftpd = await startFtp(t);
  const { pid, client } = await visit(t, ftpd, bob);
  const state = makeState(t);
  for (const file of ['', 'accounts.json']) {
    chownSync(join(state.stateDir, file), alice.uid, alice.gid);
  }
  const { url } = await serve(t, { stateDir: state.stateDir, as: alice });
  const place = { url, user: 'admin', password: state.password };
  const { errors } = textsOf(await ask(place, '/execute/Ftp/kill_session'));
  assert.deepEqual(errors, [
    `No FTP session was ended. The FTP session with the PID ${pid} was not ended: uapid has no right to. Run it as root, on the host itself.`,
  ]);
  assert.equal((await client.command('NOOP')).code, 200);
  const [line = ''] = await audited(state.stateDir, 1);
  assert.match(line, /account=- by="admin" pid=\d+ .*outcome=denied claimed=caller$/);
});
