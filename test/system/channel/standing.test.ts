import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { addAccount } from '../../support/add-account.ts';
import { runUapid } from '../../support/cli-run.ts';
import { connectFtp } from '../../support/ftp-client.ts';
import { localPair } from '../../support/key-pairs.ts';
import { startPureFtpd } from '../../support/pure-ftpd.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';
import { users } from '../../support/users.ts';
import { ask } from './ask.ts';
import { attemptAs } from './attempts.ts';
import { installProgram } from './program-copy.ts';
import { launch, makeState, serve, statusOf } from './served.ts';
import { keepPair } from './state.ts';

const skip = needsSandbox();
const { alice, bob } = users;

async function logIn(t: TestContext, ...names: (typeof alice)[]): Promise<void> {
  const ftpd = await startPureFtpd();
  t.after(() => ftpd.stop());
  for (const user of names) {
    const client = await connectFtp(ftpd);
    t.after(() => client.destroy());
    await client.login(user.name, user.password);
  }
}

test('without root monitor and worker are one user, which is told what cannot be seen', {
  skip,
}, async (t) => {
  await logIn(t, alice, bob);
  const { stateDir, password } = makeState(t);
  execFileSync('chown', ['-R', `${alice.uid}:${alice.gid}`, stateDir]);
  const program = installProgram(t, 0o755);
  const uapid = { ...(await serve(t, { stateDir, program, as: alice })), password };
  const http = await uapid.httpPid();
  for (const pid of [uapid.pid, http]) {
    const own = String(alice.uid);
    assert.deepEqual(statusOf(pid, 'Uid'), [own, own, own, own]);
    assert.deepEqual(statusOf(pid, 'CapEff'), ['0000000000000000']);
  }
  const { status, warnings, data } = await ask(uapid);
  assert.equal(status, 200);
  assert.equal(data.length, 2);
  assert.ok(
    warnings.some((text) => /scoreboard/.test(text)),
    warnings.join(),
  );
  assert.ok(
    warnings.some((text) => /Run uapid as root/.test(text)),
    warnings.join(),
  );
  assert.match(uapid.stdout(), /Warning: .*Run uapid as root/);
});

test('without root --run-as may name who starts it', { skip }, async (t) => {
  const { stateDir } = makeState(t);
  execFileSync('chown', ['-R', `${alice.uid}:${alice.gid}`, stateDir]);
  const program = installProgram(t, 0o755);
  const args = ['--run-as', 'alice'];
  const uapid = await serve(t, { stateDir, program, as: alice, args });
  assert.equal(statusOf(await uapid.httpPid(), 'Uid')[0], String(alice.uid));
});

test('without root --run-as somebody else starts nothing and says why', {
  skip,
}, async (t) => {
  const { stateDir } = makeState(t);
  execFileSync('chown', ['-R', `${alice.uid}:${alice.gid}`, stateDir]);
  const program = installProgram(t, 0o755);
  for (const name of ['bob', 'nosuchuser']) {
    const place = ['--listen', 'http://127.0.0.1:0', '--state-dir', stateDir];
    const run = launch(t, [...place, '--run-as', name], { program, as: alice });
    assert.equal(await run.ended, 1);
    assert.match(run.stderr(), /--run-as \w+: only root can run the worker as another user/);
    assert.equal(run.stdout(), '');
  }
});

test('https is served with a key that the worker’s user cannot read', { skip }, async (t) => {
  const { stateDir, password } = makeState(t);
  keepPair(stateDir, await localPair());
  const key = join(stateDir, 'tls/key.pem');
  const { uid, mode } = statSync(key);
  assert.deepEqual([uid, mode & 0o777], [0, 0o600]);
  const uapid = { ...(await serve(t, { stateDir, scheme: 'https' })), password };
  const nobody = Number(statusOf(await uapid.httpPid(), 'Uid')[0]);
  assert.deepEqual(attemptAs({ uid: nobody, gid: nobody }, [['read', key]]), ['EACCES']);
  assert.equal((await ask(uapid)).status, 200);
});

test('a renewed certificate reaches new connections and ends none', { skip }, async (t) => {
  const [old, renewed] = [await localPair(), await localPair()];
  const { stateDir, password } = makeState(t);
  keepPair(stateDir, old);
  const uapid = { ...(await serve(t, { stateDir, scheme: 'https' })), password };
  const { port } = new URL(uapid.url);
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  t.after(() => agent.destroy());
  const kept = async () => {
    const options = { agent, auth: `${uapid.user}:${password}` };
    const request = https.get(`${uapid.url}/Ftp/list_sessions`, options);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const { localPort } = response.socket;
    await text(response);
    return { status: response.statusCode, localPort };
  };
  const certificate = async () => {
    const socket: TLSSocket = connect({ port: Number(port), rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const pem = socket.getPeerX509Certificate()?.toString().trim();
    socket.destroy();
    return pem;
  };
  const before = await kept();
  assert.equal(before.status, 200);
  assert.equal(await certificate(), old.cert.trim());
  keepPair(stateDir, renewed);
  // The first connection after the change may be what makes it known.
  await certificate();
  await until(async () => (await certificate()) === renewed.cert.trim(), {
    what: 'the new certificate is shown',
  });
  assert.deepEqual(await kept(), before);
});

test('a program that only root can reach starts, serves all of /docs and the page, and starts again', {
  skip,
}, async (t) => {
  await logIn(t, alice);
  const program = installProgram(t, 0o700);
  const uapid = await serve(t, { program });
  assert.deepEqual(attemptAs(bob, [['read', program]]), ['EACCES']);
  assert.deepEqual(
    (await ask(uapid)).data.map(({ user }) => user),
    ['alice'],
  );
  const page = await ask(uapid, '/docs/');
  assert.equal(page.status, 200);
  const files = [...page.body.matchAll(/(?:src|href)="\/docs\/([^"]+)"/g)].map(([, path]) => path);
  assert.ok(files.length >= 4, files.join());
  for (const file of [...files, 'json', 'yaml']) {
    const { status, body } = await ask(uapid, `/docs/${file}`);
    assert.deepEqual([status, body.length > 0], [200, true], file);
  }
  for (const file of ['/', '/page/app.js', '/page/style.css', '/page/icon.svg']) {
    const { status, body } = await ask(uapid, file);
    assert.deepEqual([status, body.length > 0], [200, true], file);
  }
  const { status } = await ask(uapid, '/docs/static/none.js');
  assert.ok(status >= 400 && status < 500, `${status}`);
  process.kill(await uapid.httpPid(), 'SIGKILL');
  await until(async () => (await ask(uapid, '/docs/')).status === 200, {
    what: 'it serves again',
  });
  assert.deepEqual(
    uapid
      .log()
      .filter(({ level, msg }) => Number(level) > 30 && !/started again/.test(String(msg))),
    [],
  );
});

test('what the commands change is obeyed by the very next request', { skip }, async (t) => {
  const uapid = await serve(t);
  const run = async (...args: string[]) => {
    const result = await runUapid([...args, '--state-dir', uapid.stateDir]);
    assert.equal(result.code, 0, result.stderr);
    return result;
  };
  const { password } = uapid;
  addAccount(uapid.stateDir, 'alice', password);
  const asAlice = { ...uapid, user: 'alice' };
  assert.equal((await ask(asAlice)).status, 200);
  for (let round = 0; round < 2; round += 1) {
    await run('role', 'disable', 'FTP');
    assert.match((await ask(asAlice)).body, /FTP.*disabled|disabled.*FTP|role/i);
    await run('role', 'enable', 'FTP');
    assert.equal((await ask(asAlice)).status, 200);
  }
  const { stdout, stderr } = await run('token', 'add', 'alice');
  const [, id = ''] = /token (\w+) of account/.exec(stderr) ?? [];
  const byToken = () => ask(asAlice, undefined, `cpanel alice:${stdout.trim()}`);
  assert.equal((await byToken()).status, 200);
  await run('token', 'revoke', id);
  assert.equal((await byToken()).status, 401);
  await run('account', 'remove', 'alice');
  assert.equal((await ask(asAlice)).status, 401);
});
