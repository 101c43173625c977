import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Account } from '../../../../src/accounts/account.ts';
import { testServices, tokenOf } from '../../../support/app.ts';
import { type CpanelPort, startCpanelServer } from '../../../support/cpanel-ports.ts';
import { type RawAnswer, request } from '../../../support/http.ts';

type Facts = Parameters<typeof testServices>[0];

async function startScene(t: TestContext, facts?: Facts) {
  const services = testServices(facts);
  const server = await startCpanelServer(services);
  t.after(() => server.close());
  const offer = (caller: string, query: string, port: CpanelPort = 2087) =>
    server.send(
      port,
      request(`GET /json-api/create_user_session?${query}`, [
        `Authorization: whm ${caller}:${tokenOf(caller)}`,
        'Host: panel.example:2087',
      ]),
    );
  const get = (port: CpanelPort, target: string, headers: readonly string[] = []) =>
    server.send(port, request(`GET ${target}`, headers));
  /** Follows a URL as a browser does, at the port that it names. */
  const follow = (url: string, method = 'GET') => {
    const { port, pathname, search } = new URL(url);
    return server.send(
      Number(port) as CpanelPort,
      request(`${method} ${pathname}${search}`, ['Host: panel.example']),
    );
  };
  return { services, offer, get, follow };
}

const dataOf = ({ body }: RawAnswer) => JSON.parse(body).data as Record<string, string>;
const urlOf = (answer: RawAnswer) => String(dataOf(answer)['url']);

for (const [port, expected] of [
  [2086, 'http://panel.example:2082'],
  [2087, 'https://panel.example:2083'],
] as const) {
  test(`create_user_session at ${port} gives a URL at ${expected} that logs in once as that account`, async (t) => {
    const { services, offer, get, follow } = await startScene(t);
    for (const [caller, user] of [
      ['admin', 'bob'],
      ['rita', 'alice'],
      ['rita', 'rita'],
    ] as const) {
      const before = Math.floor(Date.now() / 1000);
      const answer = await offer(caller, `api.version=1&user=${user}&service=cpaneld`, port);
      const { metadata } = JSON.parse(answer.body);
      assert.deepEqual(metadata, {
        command: 'create_user_session',
        reason: 'Created session',
        result: 1,
        version: 1,
      });
      const data = dataOf(answer);
      const { session = '', cp_security_token: token = '', url = '', service } = data;
      assert.equal(service, 'cpaneld');
      assert.equal(url, `${expected}${token}/login/?session=${session}`);
      assert.match(token, /^\/cpsess\d{10}$/);
      assert.match(session, /^[\w-]{43}$/);
      const [expires, after] = [Number(data['expires']), Math.ceil(Date.now() / 1000)];
      assert.ok(expires >= before + 59 && expires <= after + 61, `${expires - before} s`);

      const page = await follow(url);
      assert.deepEqual([page.status, page.header('location')], [302, `${token}/`]);
      assert.equal(page.header('referrer-policy'), 'no-referrer');
      assert.equal(page.header('cache-control'), 'no-store');
      const cookie = page.header('set-cookie') ?? '';
      assert.match(cookie, /^cpsession=[\w-]{43};.*HttpOnly;.*SameSite=Strict/);
      const userPort = Number(new URL(url).port) as CpanelPort;
      const own = await get(userPort, `${token}/execute/Ftp/get_port`, [
        `Cookie: ${cookie.split(';')[0]}`,
      ]);
      assert.equal(JSON.parse(own.body).status, 1);
      const again = await follow(url);
      assert.deepEqual([again.status, again.header('set-cookie')], [401, undefined]);
      assert.match(again.body, /used already/);

      const lines = services.auditLines.splice(0).map((line) => line.replace(/^.*?audit: /, ''));
      assert.equal(lines.length, 2);
      assert.match(lines[0] ?? '', new RegExp(`login-offered .*account="${user}" by="${caller}"`));
      assert.match(lines[1] ?? '', new RegExp(`^\\S* ?login .*account="${user}" door=login`));
      assert.doesNotMatch(lines.join(), new RegExp(`${session}|${token}`));
    }
  });
}

test('in the older form the data stands by itself, and both forms say why there is none', async (t) => {
  const { offer } = await startScene(t);
  const older = JSON.parse((await offer('admin', 'user=bob')).body);
  assert.deepEqual([older.status, older.statusmsg, typeof older.url], [1, 'Ok', 'string']);
  for (const [caller, query, reason] of [
    ['admin', 'user=nobody', /does not exist/],
    ['admin', 'user=admin', /does not exist/],
    ['admin', '', /does not exist/],
    ['rita', 'user=bob', /does not exist/],
    ['admin', 'user=bob&service=whostmgrd', /“whostmgrd” is not served here: use cpaneld/],
  ] as const) {
    const v0 = JSON.parse((await offer(caller, query)).body);
    assert.equal(v0.status, 0);
    assert.match(v0.error, reason);
    const v1 = JSON.parse((await offer(caller, `${query}&api.version=1`)).body);
    assert.equal(v1.metadata.result, 0);
    assert.match(v1.metadata.reason, reason);
    assert.doesNotMatch(JSON.stringify([v0, v1]), /cpsess|session=/);
  }
  assert.equal((await offer('bob', 'user=bob', 2083)).status, 403);
});

test('a URL that is only looked at is not used up', async (t) => {
  const { offer, follow } = await startScene(t);
  const url = urlOf(await offer('admin', 'api.version=1&user=bob'));
  assert.equal((await follow(url, 'HEAD')).status, 405);
  assert.equal((await follow(url)).status, 302);
});

test('a key with another security token, at an administrator’s port for a user, or of an account that has changed logs nobody in', async (t) => {
  let isThere = true;
  const all = testServices().accounts;
  const accounts = {
    ...all,
    generation: (name: string) => (isThere ? all.generation(name) : `${all.generation(name)} new`),
    find: (name: string): Account | undefined => all.find(name),
  };
  const { offer, follow } = await startScene(t, { accounts });
  const make = async () => urlOf(await offer('admin', 'api.version=1&user=bob'));
  for (const spoil of [
    (url: string) => url.replace(/cpsess\d{10}/, 'cpsess0123456789'),
    (url: string) => url.replace(/\/cpsess\d{10}/, ''),
    (url: string) => url.replace(':2083', ':2087'),
    (url: string) => url.slice(0, -1),
  ]) {
    const answer = await follow(spoil(await make()));
    assert.deepEqual([answer.status, answer.header('set-cookie')], [401, undefined]);
  }
  const late = await make();
  isThere = false;
  assert.equal((await follow(late)).status, 401);
});
