import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { snapshot, testServices } from '../../../support/app.ts';
import { codeOf } from '../../../support/codes.ts';
import { as, request, startServer, type TestServer, withServer } from '../../../support/http.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.close());

async function bodyOf(target: string, from = server): Promise<string> {
  const { status, body } = await from.send(request(`GET ${target}`, [as('alice')]));
  assert.equal(status, 200);
  return body;
}

const failed = (error: string) =>
  `{"data":null,"errors":["${error}"],"messages":null,"metadata":{"error_codes":["${codeOf(error)}"]},"status":0,"warnings":null}`;
const cpanel = (module: string, func: string, version: number) =>
  `/json-api/cpanel?cpanel_jsonapi_apiversion=${version}&cpanel_jsonapi_module=${module}&cpanel_jsonapi_func=${func}`;

const missing: [module: string, func: string, error: string][] = [
  ['Ftp', 'nope', 'The system could not find the function “nope” in the module “Ftp”.'],
  [
    'Ftp',
    'List_Sessions',
    'The system could not find the function “List_Sessions” in the module “Ftp”.',
  ],
  [
    'Ftp',
    'listftpsessions',
    'The system could not find the function “listftpsessions” in the module “Ftp”.',
  ],
  [
    'Ftp',
    'constructor',
    'The system could not find the function “constructor” in the module “Ftp”.',
  ],
  ['Nope', 'x', "Failed to load module “Nope”: Can't locate Cpanel/API/Nope.pm in @INC"],
  ['ftp', 'list_sessions', "Failed to load module “ftp”: Can't locate Cpanel/API/ftp.pm in @INC"],
];
for (const [module, func, error] of missing) {
  test(`${module}::${func} is not found: the text that clients match, in every envelope of UAPI`, async () => {
    const wrapped = `{"apiversion":3,"func":"${func}","module":"${module}","result":${failed(error)}}`;
    assert.equal(await bodyOf(`/execute/${module}/${func}`), failed(error));
    assert.equal(await bodyOf(`/${module}/${func}/`), wrapped);
    assert.equal(await bodyOf(cpanel(module, func, 3)), wrapped);
  });
}

test('a name in UTF-8 comes back as it was asked for', async () => {
  assert.equal(
    await bodyOf('/execute/Ftp/l%C3%AFst%22'),
    failed('The system could not find the function “lïst\\"” in the module “Ftp”.'),
  );
});

const missingInApi2: [module: string, func: string][] = [
  ['Ftp', 'nope'],
  ['Ftp', 'list_sessions'],
  ['Ftp', 'ListFtpSessions'],
  ['Nope', 'listftpsessions'],
  ['', ''],
];
for (const [module, func] of missingInApi2) {
  test(`API 2 has no ${module}::${func}: the text that clients match, in cpanelresult.error`, async () => {
    const expected = `{"cpanelresult":{"apiversion":2,"error":"Could not find function '${func}' in module '${module}'","func":"${func}","module":"${module}","event":{"result":0},"data":[]}}`;
    assert.equal(await bodyOf(cpanel(module, func, 2)), expected);
    const unversioned = `/json-api/cpanel?cpanel_jsonapi_module=${module}&cpanel_jsonapi_func=${func}`;
    assert.equal(await bodyOf(unversioned), expected);
  });
}

test('an API version that is not served is said to be none, wherever the version stands', async () => {
  const error = 'The API version “1” is not served here: use 3 or 2.';
  const expected = `{"cpanelresult":{"apiversion":2,"error":"${error}","func":"list_sessions","module":"Ftp","event":{"result":0},"data":[]}}`;
  assert.equal(await bodyOf(cpanel('Ftp', 'list_sessions', 1)), expected);
  const query = cpanel('Ftp', 'list_sessions', 1).split('?')[1] ?? '';
  const headers = [as('alice'), `Content-Length: ${query.length}`];
  const { body } = await server.send(request('POST /json-api/cpanel', headers, query));
  assert.equal(body, expected);
});

test('a disabled role is an error that names role and function, at every door', async () => {
  const error = (func: string) =>
    `The function “Ftp::${func}” is not available because the FTP role is disabled on this server.`;
  await withServer(testServices({ roles: { isEnabled: () => false } }), async (closed) => {
    for (const func of ['list_sessions', 'get_ftp_daemon_info', 'server_name', 'get_port']) {
      assert.equal(await bodyOf(`/execute/Ftp/${func}`, closed), failed(error(func)));
    }
    assert.equal(
      await bodyOf(cpanel('Ftp', 'listftpsessions', 2), closed),
      `{"cpanelresult":{"apiversion":2,"error":"${error('list_sessions')}","func":"listftpsessions","module":"Ftp","event":{"result":0},"data":[]}}`,
    );
  });
});

test('what cannot be seen is said in API 2 too, which has no warnings of its own', async () => {
  const gaps = [{ cause: 'processes-hidden', ownerUid: null }] as const;
  const sessions = { snapshot: async () => snapshot({ daemons: [], gaps }) };
  const body = await withServer(testServices({ sessions }), (hidden) =>
    bodyOf(cpanel('Ftp', 'listftpsessions', 2), hidden),
  );
  const { cpanelresult } = JSON.parse(body);
  assert.deepEqual([cpanelresult.event, cpanelresult.data], [{ result: 1 }, []]);
  assert.match(cpanelresult.warnings[0], /hides other users’ processes/);
});
