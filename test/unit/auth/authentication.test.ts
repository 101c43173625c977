import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { basic, password, testServices, tokenOf } from '../../support/app.ts';
import {
  as,
  request,
  startAdministratorServer,
  startServer,
  type TestServer,
  withServer,
} from '../../support/http.ts';

let user: TestServer;
let plain: TestServer;
let administrator: TestServer;
let tls: TestServer;
before(async () => {
  const services = testServices();
  user = await startServer(services);
  plain = await startAdministratorServer(services, 2082);
  administrator = await startAdministratorServer(services, 2086);
  // Only the port counts: 2087 is the administrator's, whatever is spoken on it.
  tls = await startAdministratorServer(services, 2087);
});
after(() => Promise.all([user, plain, administrator, tls].map((server) => server.close())));

const path = '/execute/Ftp/list_sessions';
const authorization = (value: string) => `Authorization: ${value}`;

/** The HTTP status that a server gives to a request with that header. */
async function statusOf(server: TestServer, header: string): Promise<number> {
  return (await server.send(request(`GET ${path}`, [header]))).status;
}

const encoded = basic('alice').authorization.slice('Basic '.length);
const token = tokenOf('alice');
const adminToken = tokenOf('admin');

const valid: [what: string, value: string][] = [
  ['Basic', `Basic ${encoded}`],
  ['basic in small letters', `basic ${encoded}`],
  ['Basic with two blanks', `Basic  ${encoded}`],
  ['cpanel USER:TOKEN', `cpanel alice:${token}`],
  ['CPANEL USER:TOKEN', `CPANEL alice:${token}`],
  ['cpanel with two blanks', `cpanel  alice:${token} `],
  ['an administrator’s cpanel USER:TOKEN', `cpanel admin:${adminToken}`],
  ['whm USER:TOKEN', `whm admin:${adminToken}`],
  ['WHM USER:TOKEN', `WHM admin:${adminToken}`],
  ['wHm USER:TOKEN', `wHm admin:${adminToken}`],
];
for (const [what, value] of valid) {
  test(`${what} is a credential`, async () => {
    assert.equal(await statusOf(user, authorization(value)), 200);
    assert.equal(await statusOf(plain, authorization(value)), 200);
  });
}

const invalid: [what: string, value: string][] = [
  ['Bearer with a valid token', `Bearer ${token}`],
  ['Bearer USER:TOKEN', `Bearer alice:${token}`],
  ['a scheme that only begins like one', `cpanelx alice:${token}`],
  ['a scheme that only ends like one', `xcpanel alice:${token}`],
  ['Basic with a token for a password', basic('alice', token).authorization],
  ['Basic in clear text', `Basic alice:${password}`],
  ['cpanel with the password', `cpanel alice:${password}`],
  ['cpanel with another account’s token', `cpanel alice:${tokenOf('bob')}`],
  ['cpanel with an unknown account', `cpanel nobody:${tokenOf('nobody')}`],
  ['cpanel without a token', 'cpanel alice:'],
  ['cpanel without a colon', `cpanel alice${token}`],
  ['cpanel without a name', `cpanel :${token}`],
  ['cpanel alone', 'cpanel'],
  ['cpanel in base64', `cpanel ${Buffer.from(`alice:${token}`).toString('base64')}`],
  ['a token with more behind it', `cpanel alice:${token}x`],
  ['a name in other letters', `cpanel Alice:${token}`],
  ['whm with a user’s token', `whm alice:${token}`],
  ['two schemes', `cpanel alice:${token}, Basic ${encoded}`],
];
for (const [what, value] of invalid) {
  test(`${what} is no credential: 401, a challenge for Basic, and the flat envelope`, async () => {
    const answer = await user.send(request(`GET ${path}`, [authorization(value)]));
    assert.equal(answer.status, 401);
    assert.equal(answer.header('www-authenticate'), 'Basic realm="uapid", charset="UTF-8"');
    assert.equal(
      answer.body,
      '{"data":null,"errors":["Access denied. Valid credentials are required."],"messages":null,"metadata":{"error_codes":["unauthorized"]},"status":0,"warnings":null}',
    );
  });
}

test('on 2086 and 2087 an administrator’s credentials count, a user’s do not', async () => {
  for (const server of [administrator, tls]) {
    assert.equal(await statusOf(server, as('admin')), 200);
    assert.equal(await statusOf(server, authorization(`whm admin:${adminToken}`)), 200);
    assert.equal(await statusOf(server, authorization(`cpanel admin:${adminToken}`)), 200);
    assert.equal(await statusOf(server, as('alice')), 401);
    assert.equal(await statusOf(server, authorization(`cpanel alice:${token}`)), 401);
  }
});

test('on 2082 both count', async () => {
  assert.equal(await statusOf(plain, as('admin')), 200);
  assert.equal(await statusOf(plain, as('alice')), 200);
});

const denied =
  '{"cpanelresult":{"apiversion":"2","error":"Access denied","data":{"reason":"Access denied","result":"0"},"type":"text"}}';
const jsonApi = [
  '/json-api/cpanel',
  '/json-api/cpanel/?cpanel_jsonapi_apiversion=3',
  '/json-api/uapi_cpanel?cpanel.user=alice',
  '/json-api/version',
  '//json-api//version',
];
for (const target of jsonApi) {
  test(`${target} without a valid credential: 403 “Forbidden Access denied”, strings as shown`, async () => {
    const headers = [[], [as('alice', 'wrong')], [authorization(`whm admin:${token}`)]];
    for (const server of [user, administrator]) {
      for (const header of headers) {
        for (const method of ['GET', 'POST']) {
          const answer = await server.send(request(`${method} ${target}`, header));
          assert.deepEqual([answer.status, answer.reasonPhrase], [403, 'Forbidden Access denied']);
          assert.equal(answer.body, denied);
          assert.equal(answer.header('www-authenticate'), undefined);
        }
      }
    }
    const asUser = await administrator.send(request(`GET ${target}`, [as('alice')]));
    assert.deepEqual([asUser.status, asUser.body], [403, denied]);
  });
}

test('a call of the administrator’s that is not served says so in its envelope', async () => {
  const answer = await administrator.send(
    request('GET /json-api/suspendacct?api.version=1', [as('admin')]),
  );
  assert.equal(answer.status, 200);
  assert.equal(
    answer.body,
    '{"metadata":{"command":"suspendacct","reason":"Unknown app (“suspendacct”) requested for this version (1) of the API.","result":0,"version":1}}',
  );
});

test('a token’s request is logged with its account and without the token', async () => {
  const services = testServices();
  await withServer(services, (server) =>
    server.send(request(`GET ${path}`, [authorization(`cpanel alice:${token}`)])),
  );
  assert.equal(JSON.parse(services.log[0] ?? '').account, 'alice');
  assert.ok(!services.log.join('').includes(token));
});
