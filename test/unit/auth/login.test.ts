import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { generate } from 'selfsigned';
import { createLoginSessions } from '../../../src/auth/login-sessions.ts';
import { buildApp } from '../../../src/worker/app.ts';
import { password, testServices } from '../../support/app.ts';
import {
  as,
  post,
  type RawAnswer,
  request,
  startAdministratorServer,
  startServer,
  type TestServer,
  withServer,
} from '../../support/http.ts';

const clock = { now: 0 };
let user: TestServer;
let administrator: TestServer;
before(async () => {
  const limits = { idleMs: 1000, absoluteMs: 5000, maxLogins: 3, maxPerAccount: 3 };
  const services = testServices({ logins: createLoginSessions(limits, () => clock.now) });
  user = await startServer(services);
  administrator = await startAdministratorServer(services);
});
after(async () => {
  await user.close();
  await administrator.close();
});

const form = 'application/x-www-form-urlencoded';
const path = '/execute/Ftp/list_sessions';

function fields(name: string, more: Record<string, string> = {}): string {
  return new URLSearchParams({ user: name, pass: password, ...more }).toString();
}

interface Login {
  readonly answer: RawAnswer;
  /** "cpsession=…" */
  readonly cookie: string;
  /** "/cpsess##########" */
  readonly prefix: string;
}

function read(answer: RawAnswer): Login {
  const cookie = (answer.header('set-cookie') ?? '').split(';')[0] ?? '';
  const prefix = /^\/cpsess\d{10}(?=\/)/.exec(answer.header('location') ?? '')?.[0] ?? '';
  return { answer, cookie, prefix };
}

async function logIn(server = user, name = 'alice'): Promise<Login> {
  return read(await server.send(post('/login/?login_only=1', form, fields(name))));
}

async function statusWith(target: string, cookie?: string, server = user): Promise<number> {
  const headers = cookie === undefined ? [] : [`Cookie: ${cookie}`];
  return (await server.send(request(`GET ${target}`, headers))).status;
}

test('a login answers status, redirect and token, the cookie, and Location even on a 200', async () => {
  const { answer, cookie, prefix } = await logIn();
  assert.equal(answer.status, 200);
  assert.match(prefix, /^\/cpsess\d{10}$/);
  const location = answer.header('location') ?? '';
  assert.equal(answer.body, `{"status":1,"redirect":"${location}","security_token":"${prefix}"}`);
  assert.match(cookie, /^cpsession=[\w-]{22,}$/);
  const flags = (answer.header('set-cookie') ?? '')
    .split('; ')
    .slice(1)
    .map((flag) => flag.toLowerCase());
  assert.deepEqual(flags.sort(), ['httponly', 'path=/', 'samesite=strict']);
  assert.equal(await statusWith(prefix + path, cookie), 200);
});

test('where administrators knock the cookie is whostmgrsession, and only they can log in', async () => {
  const { cookie, prefix } = await logIn(administrator, 'admin');
  assert.match(cookie, /^whostmgrsession=[\w-]{22,}$/);
  assert.equal(await statusWith(prefix + path, cookie, administrator), 200);
  const renamed = cookie.replace('whostmgrsession', 'cpsession');
  assert.equal(await statusWith(prefix + path, renamed, administrator), 401);
  assert.equal((await logIn(administrator, 'alice')).answer.status, 401);
});

test('a user’s login is worth nothing where administrators knock', async () => {
  const { cookie, prefix } = await logIn();
  const renamed = cookie.replace('cpsession', 'whostmgrsession');
  assert.equal(await statusWith(prefix + path, `${cookie}; ${renamed}`, administrator), 401);
});

const ways: [what: string, bytes: () => Buffer][] = [
  ['in the body', () => post('/login', form, fields('alice', { login_only: '1' }))],
  [
    'in JSON, as a number',
    () =>
      post(
        '/login/',
        'application/json',
        JSON.stringify({ user: 'alice', pass: password, login_only: 1 }),
      ),
  ],
  [
    'in JSON, as true',
    () =>
      post(
        '/login/',
        'application/json',
        JSON.stringify({ user: 'alice', pass: password, login_only: true }),
      ),
  ],
  [
    'as octet-stream',
    () => post('/login/?login_only=1', 'application/octet-stream', fields('alice')),
  ],
  ['without a type', () => post('/login/?login_only=1', null, fields('alice'))],
  ['all in the query', () => request(`POST /login/?${fields('alice', { login_only: '1' })}`)],
  ['with slashes too many', () => post('//login//?login_only=1', form, fields('alice'))],
];
for (const [what, bytes] of ways) {
  test(`a login may come ${what}`, async () => {
    const { answer, cookie, prefix } = read(await user.send(bytes()));
    assert.equal(answer.status, 200, answer.body);
    assert.equal(JSON.parse(answer.body).security_token, prefix);
    assert.equal(await statusWith(prefix + path, cookie), 200);
  });
}

for (const more of [{}, { login_only: '0' }]) {
  test(`a login with ${JSON.stringify(more)}: 302, and what Location names is there`, async () => {
    const { answer, cookie, prefix } = read(
      await user.send(post('/login/', form, fields('alice', more))),
    );
    assert.deepEqual([answer.status, answer.body], [302, '']);
    assert.equal(await statusWith(prefix + path, cookie), 200);
    assert.equal(await statusWith(answer.header('location') ?? '', cookie), 200);
  });
}

const failures: [what: string, body: string][] = [
  ['a wrong password', fields('alice', { pass: 'wrong' })],
  ['an unknown user', fields('nobody')],
  ['no password', 'user=alice'],
  ['nothing', ''],
];
for (const [what, body] of failures) {
  for (const target of ['/login/?login_only=1', '/login/']) {
    test(`${what} at ${target}: 401, invalid_login, and neither cookie nor Location`, async () => {
      const answer = await user.send(post(target, form, body));
      assert.equal(answer.status, 401);
      assert.equal(answer.body, '{"status":0,"message":"invalid_login"}');
      assert.equal(answer.header('set-cookie'), undefined);
      assert.equal(answer.header('location'), undefined);
      assert.match(answer.header('content-type') ?? '', /^application\/json; charset="?utf-8"?$/);
    });
  }
}

test('a login with a token for a password fails', async () => {
  const answer = await user.send(post('/login/', form, fields('alice', { pass: 'ALICET0KEN' })));
  assert.equal(answer.status, 401);
});

test('the cookie alone, the prefix alone and another login’s prefix are worth nothing', async () => {
  const [mine, other] = [await logIn(), await logIn(user, 'bob')];
  assert.equal(await statusWith(path, mine.cookie), 401);
  assert.equal(await statusWith(mine.prefix + path), 401);
  assert.equal(await statusWith(other.prefix + path, mine.cookie), 401);
  assert.equal(await statusWith(mine.prefix + path, 'cpsession='), 401);
  assert.equal(await statusWith(mine.prefix + path, 'cpsession=%zz; a; ='), 401);
  assert.equal(await statusWith(`/x${mine.prefix}${path}`, mine.cookie), 404);
  assert.equal(await statusWith(mine.prefix + path, mine.cookie), 200);
});

test('a wrong Authorization header is not healed by a login', async () => {
  const { cookie, prefix } = await logIn();
  const headers = [`Cookie: ${cookie}`, as('alice', 'wrong')];
  assert.equal((await user.send(request(`GET ${prefix}${path}`, headers))).status, 401);
});

test('a prefix without a login does no harm to other credentials', async () => {
  const answer = await user.send(request(`GET /cpsess0123456789${path}`, [as('alice')]));
  assert.equal(answer.status, 200);
});

test('logging out ends the login at once, clears the cookie, and leaves other logins alone', async () => {
  const [mine, other] = [await logIn(), await logIn()];
  for (const target of ['/logout/', `${other.prefix}/logout/`]) {
    await user.send(request(`GET ${target}`, [`Cookie: ${mine.cookie}`]));
    assert.equal(await statusWith(mine.prefix + path, mine.cookie), 200);
  }
  const head = await user.send(request(`HEAD ${mine.prefix}/logout`, [`Cookie: ${mine.cookie}`]));
  assert.deepEqual([head.status, head.header('allow')], [405, 'GET, POST']);
  const answer = await user.send(request(`GET ${mine.prefix}/logout/`, [`Cookie: ${mine.cookie}`]));
  assert.deepEqual([answer.status, answer.body], [200, '{"status":1}']);
  assert.match(answer.header('set-cookie') ?? '', /^cpsession=;.*Expires=Thu, 01 Jan 1970/i);
  assert.equal(await statusWith(mine.prefix + path, mine.cookie), 401);
  assert.equal(await statusWith(other.prefix + path, other.cookie), 200);
});

test('a login ends after its idle time and after its absolute time', async () => {
  const idle = await logIn();
  clock.now += 999;
  assert.equal(await statusWith(idle.prefix + path, idle.cookie), 200);
  clock.now += 1000;
  assert.equal(await statusWith(idle.prefix + path, idle.cookie), 401);
  const busy = await logIn();
  for (let spent = 0; spent < 5000; spent += 500, clock.now += 500) {
    assert.equal(await statusWith(busy.prefix + path, busy.cookie), 200);
  }
  assert.equal(await statusWith(busy.prefix + path, busy.cookie), 401);
});

test('the number of logins is bounded; a failed one takes no place', async () => {
  const [first, second, third] = [await logIn(), await logIn(), await logIn()];
  await user.send(post('/login/', form, fields('alice', { pass: 'wrong' })));
  assert.equal(await statusWith(first.prefix + path, first.cookie), 200);
  const fourth = await logIn();
  assert.equal(await statusWith(second.prefix + path, second.cookie), 401);
  for (const { prefix, cookie } of [first, third, fourth]) {
    assert.equal(await statusWith(prefix + path, cookie), 200);
  }
});

test('an account that is gone takes its logins with it', async () => {
  const services = testServices();
  let isGone = false;
  const accounts = {
    ...services.accounts,
    find: (name: string) => (isGone ? undefined : services.accounts.find(name)),
  };
  await withServer({ ...services, accounts }, async (server) => {
    const { prefix, cookie } = await logIn(server);
    assert.equal(await statusWith(prefix + path, cookie, server), 200);
    isGone = true;
    assert.equal(await statusWith(prefix + path, cookie, server), 401);
  });
});

test('an account store that breaks is no wrong password', async () => {
  const services = testServices();
  const accounts = { ...services.accounts, verify: () => Promise.reject(new Error('broken')) };
  const { answer } = await withServer({ ...services, accounts }, (server) => logIn(server));
  assert.match(answer.body, /^\{"status":0,"message":"Internal error \(request [\w-]+\)\."\}$/);
  assert.equal(answer.header('set-cookie'), undefined);
});

test('other methods at /login are told which one is answered', async () => {
  for (const method of ['GET', 'PUT']) {
    const answer = await user.send(request(`${method} /login/?user=alice`));
    assert.deepEqual([answer.status, answer.header('allow')], [405, 'POST']);
    assert.equal(JSON.parse(answer.body).status, 0);
  }
});

test('neither password nor cookie nor security token is in the log', async () => {
  const services = testServices();
  const { prefix, cookie } = await withServer(services, async (server) => {
    const login = await logIn(server);
    await statusWith(login.prefix + path, login.cookie, server);
    return login;
  });
  const text = services.log.join('');
  assert.equal(services.log.length, 2);
  for (const secret of [password, encodeURIComponent(password), cookie.split('=')[1], prefix]) {
    assert.ok(secret !== undefined && !text.includes(secret));
  }
});

test('over TLS, and only there, the cookie is for TLS alone', async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
  const app = await buildApp(testServices());
  await app.ready();
  const server = createServer({ key, cert }, (incoming, outgoing) =>
    app.routing(incoming, outgoing),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const sent = httpsRequest({
      port: (server.address() as AddressInfo).port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/login/?login_only=1',
      ca: cert,
      servername: 'localhost',
      checkServerIdentity: () => undefined,
    });
    sent.end(fields('alice'));
    const [answer] = await once(sent, 'response');
    answer.resume();
    assert.match(answer.headers['set-cookie'][0], /; Secure(?:;|$)/);
  } finally {
    server.close();
    server.closeAllConnections();
    await app.close();
  }
  assert.doesNotMatch((await logIn()).answer.header('set-cookie') ?? '', /secure/i);
});
