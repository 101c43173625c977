import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { OpenAPIV3_1 } from 'openapi-types';
import { functions } from '../../../src/uapi/functions.ts';
import { matchTypes } from '../../../src/uapi/transforms/match-types.ts';
import { sortMethods } from '../../../src/uapi/transforms/sort-methods.ts';
import { openapiDocument } from '../../../src/worker/openapi-document.ts';

const document = (await openapiDocument()) as OpenAPIV3_1.Document;
const paths = document.paths ?? {};

test('openapi/uapi.json is what the functions say (else run: npm run openapi)', async () => {
  const file = new URL('../../../../openapi/uapi.json', import.meta.url);
  assert.equal(await readFile(file, 'utf8'), `${JSON.stringify(document, null, 2)}\n`);
});

test('the document is valid OpenAPI 3.1, and every reference leads somewhere', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document) as never);
  assert.equal(valid, true, JSON.stringify(errors));
  assert.equal(validator.version, '3.1');
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
  assert.ok(references.length > 50);
  for (const [, reference = ''] of references) {
    assert.notEqual(at(document, reference.split('/')), undefined, reference);
  }
});

test('nothing stands in the components that no operation uses', () => {
  const { schemas = {}, parameters = {} } = document.components ?? {};
  const text = JSON.stringify(document);
  for (const name of Object.keys(schemas)) assert.ok(text.includes(`schemas/${name}"`), name);
  for (const name of Object.keys(parameters)) assert.ok(text.includes(`parameters/${name}"`), name);
});

const neighbours = [
  'accountsummary',
  'applist',
  'create_user_session',
  'gethostname',
  'listaccts',
  'version',
];
const forms = ['cpanel', 'uapi_cpanel', ...neighbours].map((name) => `/json-api/${name}`);

test('every function has its operations at both paths, by GET and POST', () => {
  const expected = functions.flatMap(({ module, name }) => [
    `/${module}/${name}`,
    `/execute/${module}/${name}`,
  ]);
  assert.deepEqual(
    Object.keys(paths).sort(),
    [...expected, ...forms, '/events', '/login', '/logout'].sort(),
  );
  for (const path of [...expected, ...forms, '/logout']) {
    assert.deepEqual(Object.keys(paths[path] ?? {}).sort(), ['get', 'post'], path);
  }
  assert.deepEqual(Object.keys(paths['/login'] ?? {}), ['post']);
  assert.deepEqual(Object.keys(paths['/events'] ?? {}), ['get']);
});

test('every operation has a name of its own that a client can call a function by', () => {
  const operations = Object.values(paths).flatMap((path) => [path?.get, path?.post]);
  const ids = operations.filter((each) => each !== undefined).map((each) => each.operationId ?? '');
  for (const id of ids) assert.match(id, /^[a-z]+(?:[A-Z][a-z]*\d*)*$/);
  assert.equal(new Set(ids).size, ids.length);
  const idOf = (path: string, method: 'get' | 'post') => paths[path]?.[method]?.operationId;
  assert.deepEqual(
    [
      idOf('/execute/Ftp/list_sessions', 'get'),
      idOf('/execute/Ftp/list_sessions', 'post'),
      idOf('/Ftp/list_transfers', 'get'),
      idOf('/execute/Ftp/kill_session', 'post'),
      idOf('/Ftp/kill_session', 'get'),
      idOf('/json-api/create_user_session', 'get'),
      idOf('/login', 'post'),
      idOf('/events', 'get'),
    ],
    [
      'listSessions',
      'listSessionsByPost',
      'listTransfersWrapped',
      'killSession',
      'killSessionWrappedByGet',
      'whmCreateUserSession',
      'logIn',
      'streamEvents',
    ],
  );
});

const listNames = [
  'api.filter',
  'api.filter_column',
  'api.filter_type',
  'api.filter_term',
  'api.sort',
  'api.sort_column',
  'api.sort_method',
  'api.sort_reverse',
  'api.paginate',
  'api.paginate_start',
  'api.paginate_size',
  'api.paginate_page',
  'api.columns',
  'api.columns_0',
];
const cpanelNames = ['user', 'apiversion', 'module', 'func'].map(
  (name) => `cpanel_jsonapi_${name}`,
);
const uapiNames = ['api.version', 'cpanel.user', 'cpanel.module', 'cpanel.function'];
const administratorNames = [
  'api.filter.enable',
  'api.filter.a.field',
  'api.filter.a.type',
  'api.filter.a.arg0',
  'api.sort.enable',
  'api.sort.a.field',
  'api.chunk.enable',
  'api.chunk.start',
  'api.chunk.size',
  'api.columns.enable',
  'api.columns.a',
];

const lists = functions.filter(({ isList }) => isList);
const wanted: [path: string, names: readonly string[]][] = [
  ...lists.flatMap(({ module, name, parameters }): [string, string[]][] => [
    [`/${module}/${name}`, [...Object.keys(parameters), ...listNames]],
    [`/execute/${module}/${name}`, [...Object.keys(parameters), ...listNames]],
  ]),
  ['/json-api/cpanel', [...cpanelNames, ...listNames, ...administratorNames]],
  ['/json-api/uapi_cpanel', [...uapiNames, ...listNames, ...administratorNames]],
];
for (const [path, names] of wanted) {
  test(`${path} names every parameter, in the query and in all three bodies`, () => {
    const inQuery = (paths[path]?.get?.parameters ?? []).map(resolve<OpenAPIV3_1.ParameterObject>);
    const queryNames = inQuery.map((parameter) => parameter.name);
    for (const name of names) assert.ok(queryNames.includes(name), name);
    for (const parameter of inQuery) assert.equal(parameter.in, 'query');
    const { content = {} } = resolve<OpenAPIV3_1.RequestBodyObject>(
      paths[path]?.post?.requestBody ?? {},
    );
    assert.deepEqual(Object.keys(content), [
      'application/x-www-form-urlencoded',
      'application/json',
      'multipart/form-data',
    ]);
    for (const { schema } of Object.values(content)) {
      const { properties = {} } = resolve<OpenAPIV3_1.SchemaObject>(schema ?? {});
      for (const name of names) assert.ok(name in properties, name);
    }
  });
}

test('a function’s own arguments are parameters, too', () => {
  for (const { module, name, parameters } of functions) {
    const documented = (paths[`/execute/${module}/${name}`]?.get?.parameters ?? []).map(
      (parameter) => resolve<OpenAPIV3_1.ParameterObject>(parameter).name,
    );
    for (const own of Object.keys(parameters)) assert.ok(documented.includes(own), own);
  }
});

test('the filter types and sort methods in the document are those that work', () => {
  const { parameters = {} } = document.components ?? {};
  const valuesOf = (name: string) =>
    (
      resolve<OpenAPIV3_1.ParameterObject>(parameters[name] ?? {})
        .schema as OpenAPIV3_1.SchemaObject
    ).enum;
  assert.deepEqual(valuesOf('api.filter_type'), [...matchTypes.keys()]);
  assert.deepEqual(valuesOf('api.sort_method'), [...sortMethods.keys()]);
});

test('every kind of credential is described, and the login asks for none', () => {
  const schemes = Object.values(document.components?.securitySchemes ?? {}).map(
    resolve<OpenAPIV3_1.SecuritySchemeObject>,
  );
  assert.deepEqual(
    schemes.map((scheme) =>
      scheme.type === 'apiKey' ? `${scheme.in} ${scheme.name}` : scheme.type,
    ),
    ['http', 'header Authorization', 'cookie cpsession', 'cookie whostmgrsession'],
  );
  const named = (document.security ?? []).flatMap((each) => Object.keys(each));
  assert.deepEqual(named, Object.keys(document.components?.securitySchemes ?? {}));
  assert.deepEqual(paths['/login']?.post?.security, []);
  const { responses = {} } = paths['/login']?.post ?? {};
  assert.deepEqual(Object.keys(responses), ['200', '302', '401', '429', '503']);
});

/** The value at a place of the document, named by keys. */
function at(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  return at((value as Record<string, unknown>)[key], rest);
}

function resolve<T>(value: object): T {
  return '$ref' in value
    ? (at(document, String(value.$ref).split('/').slice(1)) as T)
    : (value as T);
}
