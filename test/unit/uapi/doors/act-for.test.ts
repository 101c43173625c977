import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testServices } from '../../../support/app.ts';
import {
  as,
  request,
  startAdministratorServer,
  startServer,
  type TestServer,
  withServer,
} from '../../../support/http.ts';
import {
  aliceRow,
  api2,
  bobRow,
  outer,
  twoSessions,
  wrapped,
} from '../../../support/http-sessions.ts';

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

const three =
  'cpanel_jsonapi_module=Ftp&cpanel_jsonapi_func=list_sessions&cpanel_jsonapi_apiversion=3';
const two =
  'cpanel_jsonapi_module=Ftp&cpanel_jsonapi_func=listftpsessions&cpanel_jsonapi_apiversion=2';
const cpanel = '/json-api/cpanel?';
const uapi = '/json-api/uapi_cpanel?cpanel.module=Ftp&cpanel.function=list_sessions';

async function bodyOf(server: TestServer, target: string, name = 'admin'): Promise<string> {
  const { status, body } = await server.send(request(`GET ${target}`, [as(name)]));
  assert.equal(status, 200);
  return body;
}

test('an administrator who names an account gets the rows of that account alone, at both doors', async () => {
  for (const server of [user, administrator]) {
    for (const [name, row] of [
      ['alice', aliceRow],
      ['bob', bobRow],
    ] as const) {
      const named = `&cpanel_jsonapi_user=${name}`;
      assert.equal(await bodyOf(server, cpanel + three + named), wrapped(row));
      assert.equal(await bodyOf(server, cpanel + two + named), api2(row));
      assert.equal(await bodyOf(server, `${uapi}&cpanel.user=${name}`), outer(row));
    }
  }
});

const reason = 'User parameter is invalid or was not supplied';
const invalid = `{"data":{"reason":"${reason}","result":"0"},"type":"text","error":"${reason}"}`;

for (const [what, named] of [
  ['unknown', 'nobody'],
  ['missing', null],
  ['empty', ''],
  ['in other letters', 'Alice'],
] as const) {
  test(`where administrators knock an account that is ${what} gives the published text`, async () => {
    const cpanelUser = named === null ? '' : `&cpanel_jsonapi_user=${named}`;
    assert.equal(await bodyOf(administrator, cpanel + three + cpanelUser), invalid);
    assert.equal(
      await bodyOf(administrator, cpanel + two + cpanelUser),
      `{"cpanelresult":${invalid}}`,
    );
    const uapiUser = named === null ? '' : `&cpanel.user=${named}`;
    assert.equal(
      await bodyOf(administrator, uapi + uapiUser),
      `{"data":{},"metadata":{"command":"uapi_cpanel","reason":"${reason}","result":0,"version":1}}`,
    );
  });
}

test('an unknown account gives the same text at the accounts’ door', async () => {
  const named = '&cpanel_jsonapi_user=nobody';
  assert.equal(await bodyOf(user, cpanel + three + named), invalid);
  assert.equal(await bodyOf(user, cpanel + two + named), `{"cpanelresult":${invalid}}`);
});

test('an administrator who names nobody at the accounts’ door acts for itself', async () => {
  assert.equal(await bodyOf(user, cpanel + three), wrapped(aliceRow, bobRow));
  assert.equal(await bodyOf(user, cpanel + two), api2(aliceRow, bobRow));
});

test('a user gets its own rows only, whatever account it names', async () => {
  for (const named of ['bob', 'admin', 'nobody', '']) {
    const more = `&cpanel_jsonapi_user=${named}&cpanel.user=${named}&user=${named}`;
    assert.equal(await bodyOf(user, cpanel + three + more, 'alice'), wrapped(aliceRow));
    assert.equal(await bodyOf(user, cpanel + two + more, 'alice'), api2(aliceRow));
  }
  for (const named of ['bob', 'alice']) {
    const target = `${uapi}&cpanel.user=${named}`;
    const answer = await user.send(request(`GET ${target}`, [as('alice')]));
    assert.equal(answer.status, 403);
  }
});

test('the log says who called and for whom', async () => {
  const services = testServices({ sessions: twoSessions });
  await withServer(services, (server) => bodyOf(server, `${cpanel}${two}&cpanel_jsonapi_user=bob`));
  const { account, actingFor, function: called, rows } = JSON.parse(services.log[0] ?? '');
  assert.deepEqual([account, actingFor, called, rows], ['admin', 'bob', 'Ftp::list_sessions', 1]);
});
