import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { password, testServices } from '../../../support/app.ts';
import {
  as,
  parseAnswers,
  post,
  request,
  startAdministratorServer,
  startServer,
  type TestServer,
} from '../../../support/http.ts';
import {
  aliceRow,
  api2,
  bobRow,
  flat,
  outer,
  twoSessions,
  wrapped,
} from '../../../support/http-sessions.ts';

const names = 'cpanel_jsonapi_module=Ftp&cpanel_jsonapi_func';
const uapi = `${names}=list_sessions&cpanel_jsonapi_apiversion=3`;
const two = `${names}=listftpsessions&cpanel_jsonapi_apiversion=2`;
const unversioned = `${names}=listftpsessions`;
const emptyVersion = `${names}=listftpsessions&cpanel_jsonapi_apiversion=`;
const forAlice = 'cpanel.user=alice&cpanel.module=Ftp&cpanel.function=list_sessions&api.version=1';

let user: TestServer;
let administrator: TestServer;
before(async () => {
  const services = testServices({ sessions: twoSessions });
  user = await startServer(services);
  administrator = await startAdministratorServer(services);
});
after(async () => {
  await user.close();
  await administrator.close();
});

type Rows = (...rows: string[]) => string;
const forms: [what: string, path: string, query: string, envelope: Rows][] = [
  ['the contract’s path', '/Ftp/list_sessions', '', wrapped],
  ['/execute', '/execute/Ftp/list_sessions', '', flat],
  ['/json-api/cpanel, version 3', '/json-api/cpanel', uapi, wrapped],
  ['/json-api/cpanel, version 2', '/json-api/cpanel', two, api2],
  ['/json-api/cpanel, no version', '/json-api/cpanel', unversioned, api2],
  ['/json-api/cpanel, an empty version', '/json-api/cpanel', emptyVersion, api2],
];
const bare = ([, path, query]: (typeof forms)[number]) =>
  `${path}${query === '' ? '' : '?'}${query}`;
const slashed = ([, path, query]: (typeof forms)[number]) => `${path}/?${query}`;

for (const form of forms) {
  const [what, path, query, envelope] = form;
  for (const target of [bare(form), slashed(form)]) {
    for (const method of ['GET', 'POST']) {
      test(`${what} by ${method} ${target}: the user’s sessions, byte for byte`, async () => {
        const answer = await user.send(request(`${method} ${target}`, [as('alice')]));
        assert.equal(answer.body, envelope(aliceRow));
        assert.equal(answer.status, 200);
        assert.match(answer.header('content-type') ?? '', /^application\/json; charset="?utf-8"?$/);
      });
    }
    test(`${what} by HEAD ${target}: the headers of GET and no body`, async () => {
      const [get, head] = await Promise.all(
        ['GET', 'HEAD'].map((method) => user.send(request(`${method} ${target}`, [as('alice')]))),
      );
      const undated = (answer = get) => answer?.headers.filter(([name]) => name !== 'date');
      assert.deepEqual(undated(head), undated(get));
      assert.deepEqual([head?.status, head?.body], [200, '']);
      assert.equal(Number(head?.header('content-length')), Buffer.byteLength(get?.body ?? ''));
    });
  }

  test(`${what} with its arguments in a form: the same`, async () => {
    const type = 'application/x-www-form-urlencoded';
    const answer = await user.send(post(path, type, query, [as('alice')]));
    assert.equal(answer.body, envelope(aliceRow));
  });

  test(`${what} behind /cpsess########## with a login: the same`, async () => {
    const { cookie, prefix } = await logIn(user);
    const answer = await user.send(request(`GET ${prefix}${bare(form)}`, [`Cookie: ${cookie}`]));
    assert.equal(answer.body, envelope(aliceRow));
  });
}

test('where administrators knock every form answers, and they see everybody’s sessions', async () => {
  const get = async (target: string) =>
    (await administrator.send(request(`GET ${target}`, [as('admin')]))).body;
  assert.equal(await get('/Ftp/list_sessions'), wrapped(aliceRow, bobRow));
  assert.equal(await get('/execute/Ftp/list_sessions'), flat(aliceRow, bobRow));
  assert.equal(
    await get(`/json-api/cpanel?cpanel_jsonapi_user=admin&${uapi}`),
    wrapped(aliceRow, bobRow),
  );
});

for (const target of ['/json-api/uapi_cpanel', '/json-api/uapi_cpanel/']) {
  test(`${target} by GET, POST and HEAD, in the query and in a form: the account’s sessions`, async () => {
    for (const server of [user, administrator]) {
      const get = await server.send(request(`GET ${target}?${forAlice}`, [as('admin')]));
      assert.equal(get.body, outer(aliceRow));
      assert.equal(get.status, 200);
      const inQuery = await server.send(request(`POST ${target}?${forAlice}`, [as('admin')]));
      assert.equal(inQuery.body, outer(aliceRow));
      const type = 'application/x-www-form-urlencoded';
      const inForm = await server.send(post(target, type, forAlice, [as('admin')]));
      assert.equal(inForm.body, outer(aliceRow));
      const head = await server.send(request(`HEAD ${target}?${forAlice}`, [as('admin')]));
      assert.deepEqual(
        [head.body, head.header('content-length')],
        ['', get.header('content-length')],
      );
    }
  });
}

test('the outer result of uapi_cpanel stays 1 when the status of the call is 0', async () => {
  const target = '/json-api/uapi_cpanel?cpanel.user=alice&cpanel.module=Ftp&cpanel.function=nope';
  const { body, status } = await administrator.send(request(`GET ${target}`, [as('admin')]));
  assert.equal(
    body,
    '{"data":{"uapi":{"data":null,"errors":["The system could not find the function “nope” in the module “Ftp”."],' +
      '"messages":null,"metadata":{"error_codes":["function-unknown"]},"status":0,"warnings":null}},' +
      '"metadata":{"command":"uapi_cpanel","reason":"OK","result":1,"version":1}}',
  );
  assert.equal(status, 200);
});

const otherTargets = [
  'http://127.0.0.1:2082/execute/Ftp/list_sessions',
  'HTTP://x/execute/Ftp/list_sessions?',
  '//execute//Ftp///list_sessions',
  '/execute/Ftp/list_sessions//',
  '/execute/Ftp/list_sessions?',
  '/execute/Ftp/list_sessions/?',
  '/execute/Ftp/list_sessions?user=%zz&api.version=1&api.analytics=%7B%7D&cpanel_jsonapi_version=2&=&&',
  '/execute/Ftp/list_sessions?a//b=http://x/y',
];
for (const target of otherTargets) {
  test(`${target} is /execute: flat for who may, 401 and flat for who may not`, async () => {
    const answer = await user.send(request(`GET ${target}`, [as('alice')]));
    assert.equal(answer.body, flat(aliceRow));
    const refused = await user.send(request(`GET ${target}`));
    assert.equal(refused.status, 401);
    assert.deepEqual(Object.keys(JSON.parse(refused.body)), Object.keys(JSON.parse(answer.body)));
  });
}

test('an absolute request target with a security token is behind that login', async () => {
  const { cookie, prefix } = await logIn(user);
  const target = `http://x${prefix}//execute/Ftp/list_sessions`;
  const answer = await user.send(request(`GET ${target}`, [`Cookie: ${cookie}`]));
  assert.equal(answer.body, flat(aliceRow));
});

test('HTTP/1.0 gets its answer and the end of the connection', async () => {
  const bytes = `GET /execute/Ftp/list_sessions HTTP/1.0\r\n${as('alice')}\r\n\r\n`;
  const answer = await user.send(bytes);
  assert.equal(answer.body, flat(aliceRow));
  assert.equal(answer.header('connection'), 'close');
});

test('requests sent at once over one connection get their answers in order, and the last ends it', async () => {
  const line = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n${as('alice')}\r\n`;
  const bytes = [
    `${line('/Ftp/list_sessions')}\r\n`,
    `${line('/json-api/nope').replace('GET', 'HEAD')}\r\n`,
    `${line('/execute/Ftp/list_sessions')}Connection: close\r\n\r\n`,
  ];
  const methods = ['GET', 'HEAD', 'GET'];
  const answers = parseAnswers(await user.exchange(bytes.join('')), methods);
  assert.deepEqual(
    answers.map(({ body }) => body),
    [wrapped(aliceRow), '', flat(aliceRow)],
  );
  assert.deepEqual(
    answers.map((answer) => answer.header('connection')),
    ['keep-alive', 'keep-alive', 'close'],
  );
});

test('a path that begins like a door’s belongs to that door alone, and is refused in its envelope', async () => {
  const strays: [path: string, keys: RegExp][] = [
    ['/execute/Ftp', /^{"data":null,"errors"/],
    ['/execute/list_sessions', /^{"data":null,"errors"/],
    ['/login/Ftp', /^{"status":0,"message"/],
    ['/logout/Ftp', /^{"status":0,"message"/],
  ];
  for (const [path, keys] of strays) {
    for (const headers of [[], [as('alice')]]) {
      const { status, body } = await user.send(request(`POST ${path}`, headers));
      assert.equal(status, 404, path);
      assert.match(body, keys, path);
    }
  }
});

test('letters that are escaped without need lead to the same door', async () => {
  for (const path of ['/%65xecute/Ftp/list_sessions', '/exec%75te/%46tp/list%5fsessions']) {
    const answer = await user.send(request(`GET ${path}`, [as('alice')]));
    assert.equal(answer.body, flat(aliceRow), path);
    const refused = await user.send(request(`GET ${path}`));
    assert.deepEqual([refused.status, refused.body.slice(0, 12)], [401, '{"data":null']);
  }
});

test('Expect: 100-continue is met before the body and answered after it', async () => {
  const bytes = post('/execute/Ftp/list_sessions', 'application/json', '{}', [
    as('alice'),
    'Expect: 100-continue',
  ]);
  const text = (await user.exchange(bytes)).toString();
  assert.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  assert.ok(text.endsWith(`\r\n\r\n${flat(aliceRow)}`));
});

async function logIn(server: TestServer): Promise<{ cookie: string; prefix: string }> {
  const body = new URLSearchParams({ user: 'alice', pass: password, login_only: '1' });
  const type = 'application/x-www-form-urlencoded';
  const answer = await server.send(post('/login/', type, body.toString()));
  return {
    cookie: (answer.header('set-cookie') ?? '').split(';')[0] ?? '',
    prefix: JSON.parse(answer.body).security_token,
  };
}
