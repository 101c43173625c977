import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addAccount } from '../../support/add-account.ts';
import { isAlive } from '../../support/processes.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { cli } from '../../support/uapid.ts';
import { until } from '../../support/until.ts';
import { makeState, type ServedUapid, serve } from '../channel/served.ts';

interface Login {
  readonly cookie: string;
  /** "/cpsess##########" */
  readonly prefix: string;
}

async function logIn({ url }: ServedUapid, user: string, pass: string): Promise<Login> {
  const body = new URLSearchParams({ user, pass });
  const answer = await fetch(`${url}/login/?login_only=1`, {
    method: 'POST',
    headers: { connection: 'close' },
    body,
  });
  assert.equal(answer.status, 200);
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  return { cookie, prefix: (answer.headers.get('location') ?? '').slice(0, -1) };
}

async function ask({ url }: ServedUapid, { cookie, prefix }: Login, path: string): Promise<number> {
  const answer = await fetch(`${url}${prefix}${path}`, {
    headers: { cookie, connection: 'close' },
  });
  await answer.text();
  return answer.status;
}

const list = '/execute/Ftp/server_name';

/** Another character in the cookie's second half, which is the code of what it stands for. */
function tampered({ cookie, prefix }: Login): Login {
  const place = cookie.length - 10;
  const other = cookie[place] === 'A' ? 'B' : 'A';
  return { cookie: cookie.slice(0, place) + other + cookie.slice(place + 1), prefix };
}

async function stop(uapid: ServedUapid): Promise<void> {
  uapid.kill('SIGTERM');
  assert.equal(await uapid.ended(), 0);
}

function command(...args: string[]): void {
  execFileSync(process.execPath, [cli, ...args], { input: 'another one\n', stdio: 'pipe' });
}

test('logins outlive the worker and a restart, but not a logout, a new password, role or account', {
  skip: needsSandbox(),
  timeout: 300_000,
}, async (t) => {
  const { stateDir, password } = makeState(t);
  for (const name of ['alice', 'bob', 'carol']) addAccount(stateDir, name, password);
  addAccount(stateDir, 'rita', password, { role: 'reseller' });
  const first = await serve(t, { stateDir });
  const kept = await logIn(first, 'admin', password);
  const loggedOut = await logIn(first, 'admin', password);
  const [alices, bobs, carols, ritas] = [
    await logIn(first, 'alice', password),
    await logIn(first, 'bob', password),
    await logIn(first, 'carol', password),
    await logIn(first, 'rita', password),
  ];

  const worker = await first.httpPid();
  process.kill(worker, 'SIGKILL');
  await until(() => !isAlive(worker), { what: 'the worker is gone' });
  assert.equal(await ask(first, kept, list), 200, 'the next worker knows it');

  assert.equal(await ask(first, loggedOut, '/logout'), 200);
  await stop(first);
  const key = join(stateDir, 'login-key.json');
  assert.equal(statSync(key).mode & 0o7777, 0o600);
  const place = ['--state-dir', stateDir];
  command('account', 'passwd', 'alice', '--password-stdin', ...place);
  command('account', 'remove', 'bob', ...place);
  command('account', 'set', 'rita', '--role', 'user', ...place);

  const second = await serve(t, { stateDir });
  assert.equal(await ask(second, kept, list), 200);
  assert.equal(await ask(second, carols, list), 200);
  assert.equal(await ask(second, loggedOut, list), 401, 'logged out');
  assert.equal(await ask(second, alices, list), 401, 'another password');
  assert.equal(await ask(second, bobs, list), 401, 'removed');
  assert.equal(await ask(second, ritas, list), 401, 'another role');
  assert.equal(await ask(second, tampered(kept), list), 401);
  assert.equal(await ask(second, { ...kept, cookie: carols.cookie }, list), 401);
  assert.equal(await ask(second, { ...kept, prefix: carols.prefix }, list), 401);
  const secrets = [kept, carols].map(({ cookie }) => cookie.split('=')[1] ?? '');
  for (const path of [key, join(stateDir, 'logins.json')]) {
    const text = readFileSync(path, 'utf8');
    for (const secret of secrets) assert.ok(!text.includes(secret));
  }
  await stop(second);

  chmodSync(key, 0o644);
  const third = await serve(t, { stateDir });
  assert.equal(await ask(third, kept, list), 401, 'a key that others may have read');
  const told = /a restart of uapid will end the logins: \S+login-key\.json is open to others/;
  await until(() => told.test(third.stderr()), { what: 'the log says so' });
  const unkept = await logIn(third, 'admin', password);
  assert.equal(await ask(third, unkept, list), 200, 'logins go on working');
});
