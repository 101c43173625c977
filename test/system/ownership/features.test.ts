import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { generatePassword } from '../../../src/accounts/password.ts';
import { functions } from '../../../src/uapi/functions.ts';
import { testServices } from '../../support/app.ts';
import {
  as,
  request,
  startAdministratorServer,
  type TestServer,
  withServer,
} from '../../support/http.ts';

const text = 'You do not have the feature “ftpaccts”.';
const flat = `{"data":null,"errors":["${text}"],"messages":null,"metadata":{"error_codes":["feature-missing"]},"status":0,"warnings":null}`;
const wrapped = (func: string) =>
  `{"apiversion":3,"func":"${func}","module":"Ftp","result":${flat}}`;
const api2 = `{"cpanelresult":{"apiversion":2,"error":"${text}","func":"listftpsessions","module":"Ftp","event":{"result":0},"data":[]}}`;
const outer = `{"data":{"uapi":${flat}},"metadata":{"command":"uapi_cpanel","reason":"OK","result":1,"version":1}}`;
const cpanel = '/json-api/cpanel?cpanel_jsonapi_module=Ftp&cpanel_jsonapi_user=plain';

/** No function may look at the host for who may not use it. */
const services = testServices({
  sessions: { snapshot: async () => assert.fail('the host was looked at') },
});

async function bodyOf(server: TestServer, target: string, name: string): Promise<string> {
  const { status, body } = await server.send(request(`GET ${target}`, [as(name)]));
  assert.equal(status, 200);
  return body;
}

for (const { module, name: func } of functions.filter(({ feature }) => feature !== null)) {
  test(`${module}::${func} gives an account without ftpaccts the published text, at every door`, async () => {
    const three = `${cpanel}&cpanel_jsonapi_func=${func}&cpanel_jsonapi_apiversion=3`;
    const uapi = `/json-api/uapi_cpanel?cpanel.module=Ftp&cpanel.function=${func}&cpanel.user=plain`;
    await withServer(services, async (server) => {
      assert.equal(await bodyOf(server, `/Ftp/${func}`, 'plain'), wrapped(func));
      assert.equal(await bodyOf(server, `/execute/Ftp/${func}`, 'plain'), flat);
      assert.equal(await bodyOf(server, three, 'plain'), wrapped(func));
      // Whoever acts for the account is told what the account would be.
      assert.equal(await bodyOf(server, three, 'admin'), wrapped(func));
      assert.equal(await bodyOf(server, uapi, 'admin'), outer);
    });
  });
}

test('API 2 gives an account without ftpaccts the published text, with and without the version', async () => {
  await withServer(services, async (server) => {
    for (const version of ['', '&cpanel_jsonapi_apiversion=2']) {
      const target = `${cpanel}&cpanel_jsonapi_func=listftpsessions${version}`;
      for (const name of ['plain', 'admin']) assert.equal(await bodyOf(server, target, name), api2);
    }
  });
});

test('the administrator’s port gives the same text for an account without ftpaccts', async (t) => {
  const server = await startAdministratorServer(services);
  t.after(() => server.close());
  const target = '/json-api/uapi_cpanel?cpanel.module=Ftp&cpanel.function=list_sessions';
  assert.equal(await bodyOf(server, `${target}&cpanel.user=plain`, 'admin'), outer);
});

test('a feature that is taken away or given counts from the next request on', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'uapid-features-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const accounts = openAccountStore(dir);
  const password = generatePassword();
  await accounts.add({ name: 'alice', role: 'user', password });
  await withServer(testServices({ accounts }), async (server) => {
    const answered = async () => {
      const answer = await server.send(request('GET /Ftp/server_name', [as('alice', password)]));
      return JSON.parse(answer.body).result.errors;
    };
    assert.equal(await answered(), null);
    // As the command does it: through another opening of the same file.
    await openAccountStore(dir).setFeature('alice', 'ftpaccts', false);
    assert.deepEqual(await answered(), [text]);
    await openAccountStore(dir).setFeature('alice', 'ftpaccts', true);
    assert.equal(await answered(), null);
  });
});
