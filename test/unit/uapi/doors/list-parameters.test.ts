import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { defineFunction } from '../../../../src/uapi/call/define-function.ts';
import { functions } from '../../../../src/uapi/functions.ts';
import { testServices } from '../../../support/app.ts';
import { as, post, request, startServer, type TestServer } from '../../../support/http.ts';
import { twoSessions } from '../../../support/http-sessions.ts';

/** A list function that knows nothing of what is done with its rows. */
const colours = defineFunction({
  module: 'Test',
  name: 'colours',
  summary: '',
  description: '',
  role: null,
  feature: null,
  parameters: {},
  data: z.array(z.object({ name: z.string(), wave: z.number() })),
  isList: true,
  run: async () => ({
    data: [
      { name: 'red', wave: 700 },
      { name: 'green', wave: 546 },
      { name: 'blue', wave: 436 },
    ],
  }),
});

let server: TestServer;
before(async () => {
  const all = [...functions, colours];
  server = await startServer(testServices({ sessions: twoSessions, functions: all }));
});
after(() => server.close());

const get = async (target: string) =>
  JSON.parse((await server.send(request(`GET ${target}`, [as('admin')]))).body);

const page =
  'api.sort_column=pid&api.sort_reverse=1&api.sort_method=numeric&api.paginate=1&api.paginate_size=1&api.columns_0=pid';
const module3 =
  'cpanel_jsonapi_module=Ftp&cpanel_jsonapi_func=list_sessions&cpanel_jsonapi_apiversion=3';
const module2 = 'cpanel_jsonapi_module=Ftp&cpanel_jsonapi_func=listftpsessions';
const uapi = 'cpanel.user=admin&cpanel.module=Ftp&cpanel.function=list_sessions';

const paginate = {
  total_pages: 2,
  total_results: 2,
  current_page: 1,
  results_per_page: 1,
  start_result: 1,
};

test('every door passes the list’s parameters and tells what was done', async () => {
  const results = [
    (await get(`/Ftp/list_sessions?${page}`)).result,
    await get(`/execute/Ftp/list_sessions?${page}`),
    (await get(`/json-api/cpanel?${module3}&${page}`)).result,
    (await get(`/json-api/uapi_cpanel?${uapi}&${page}`)).data.uapi,
  ];
  for (const { data, metadata } of results) {
    assert.deepEqual(data, [{ pid: 7001 }]);
    assert.deepEqual(metadata, { transformed: 1, paginate });
  }
});

test('API 2 passes them too, and its pids stay texts', async () => {
  const { cpanelresult } = await get(`/json-api/cpanel?${module2}&${page}`);
  assert.deepEqual(cpanelresult.data, [{ pid: '7001' }]);
});

test('the administrator’s grammar works at every door', async () => {
  const filter =
    'api.filter.enable=1&api.filter.a.field=user&api.filter.a.arg0=bo&api.filter.a.type=begins&api.columns.enable=1&api.columns.a=user';
  for (const target of [`/execute/Ftp/list_sessions?${filter}`]) {
    const { data, metadata } = await get(target);
    assert.deepEqual(data, [{ user: 'bob' }]);
    assert.equal(metadata.records_before_filter, 2);
  }
  const { cpanelresult } = await get(`/json-api/cpanel?${module2}&${filter}`);
  assert.deepEqual(cpanelresult.data, [{ user: 'bob' }]);
  const { data } = await get(`/json-api/uapi_cpanel?${uapi}&${filter}`);
  assert.deepEqual(data.uapi.data, [{ user: 'bob' }]);
});

test('JSON numbers and true do where the query has texts', async () => {
  const body = JSON.stringify({
    'api.paginate': true,
    'api.paginate_size': 1,
    'api.columns_0': 'pid',
  });
  const bytes = post('/execute/Ftp/list_sessions', 'application/json', body, [as('admin')]);
  const { data, metadata } = JSON.parse((await server.send(bytes)).body);
  assert.deepEqual([data, metadata.paginate], [[{ pid: 6735 }], paginate]);
});

test('another list function has filter, sort, paginate and columns without doing anything', async () => {
  const { data, metadata } = await get(
    '/execute/Test/colours?api.filter_column=wave&api.filter_type=lt&api.filter_term=600&api.sort_column=name&api.columns_0=name&api.paginate_size=1',
  );
  assert.deepEqual(data, [{ name: 'blue' }]);
  assert.deepEqual(metadata, {
    transformed: 1,
    records_before_filter: 3,
    filter: { records_before_filter: 3 },
    paginate,
  });
});

test('without any of them a list is whole and its metadata says transformed', async () => {
  const { data, metadata } = await get('/execute/Test/colours');
  assert.equal(data.length, 3);
  assert.deepEqual(metadata, { transformed: 1 });
});

const wrong: [query: string, parameter: RegExp][] = [
  ['api.filter_column=name&api.filter_type=nope', /api\.filter_type\b/],
  ['api.sort_column_1=name&api.sort_method_1=nope', /api\.sort_method_1\b/],
  ['api.paginate_size=x', /api\.paginate_size\b/],
  ['api.filter.a.field=name&api.filter.a.type=nope', /api\.filter\.a\.type\b/],
];
for (const [query, parameter] of wrong) {
  test(`${query}: status 0 and an error that names the parameter, at every door`, async () => {
    const flat = await get(`/execute/Test/colours?${query}`);
    const metadata = { error_codes: ['argument-invalid'] };
    assert.deepEqual([flat.status, flat.data, flat.metadata], [0, null, metadata]);
    assert.match(flat.errors[0], parameter);
    assert.match((await get(`/Test/colours?${query}`)).result.errors[0], parameter);
    const { cpanelresult } = await get(`/json-api/cpanel?${module2}&${query}`);
    assert.match(cpanelresult.error, parameter);
    assert.equal(cpanelresult.event.result, 0);
    const { data } = await get(`/json-api/uapi_cpanel?${uapi}&${query}`);
    assert.match(data.uapi.errors[0], parameter);
  });
}

test('they do nothing to a function that is no list', async () => {
  const { data, metadata } = await get(
    '/execute/Ftp/get_port?api.columns_0=x&api.filter_type=nope',
  );
  assert.deepEqual([data, metadata], [{ port: 2121 }, {}]);
});
