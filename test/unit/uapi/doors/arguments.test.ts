import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import { defineFunction } from '../../../../src/uapi/call/define-function.ts';
import { testServices } from '../../../support/app.ts';
import { as, post, request, startServer, type TestServer } from '../../../support/http.ts';

/** Answers the arguments that it was called with. */
const echo = defineFunction<string>({
  module: 'Test',
  name: 'echo',
  summary: '',
  description: '',
  role: null,
  feature: null,
  parameters: {},
  data: z.string(),
  isList: false,
  run: async ({ args }) => ({ data: JSON.stringify(Object.fromEntries(args)) }),
});

let server: TestServer;
before(async () => {
  server = await startServer(testServices({ functions: [echo] }));
});
after(() => server.close());

const path = '/execute/Test/echo';
const form = 'application/x-www-form-urlencoded';
const json = 'application/json';

/** Sends a request as alice; resolves to the arguments that arrived. */
async function argumentsOf(bytes: Buffer): Promise<Record<string, string>> {
  const { status, body } = await server.send(bytes);
  assert.equal(status, 200, body);
  const { data, errors } = JSON.parse(body);
  assert.equal(errors, null);
  return JSON.parse(data);
}

const alice = as('alice');
const posted = (type: string | null, body: string | Buffer, target = path) =>
  post(target, type, body, [alice]);
const bare = (line: string, ...headers: string[]) => request(line, [alice, ...headers]);
const chunked = 'Transfer-Encoding: chunked';

function multipart(boundary: string, ...fields: [headers: string, value: string][]): string {
  const parts = fields.map(([headers, value]) => `--${boundary}\r\n${headers}\r\n\r\n${value}\r\n`);
  return `${parts.join('')}--${boundary}--\r\n`;
}
const field = (name: string, value: string): [string, string] => [
  `Content-Disposition: form-data; name="${name}"`,
  value,
];

const oddities: [what: string, bytes: Buffer, expected: Record<string, string>][] = [
  ['a form POST with Content-Length 0', posted(form, ''), {}],
  ['the same with everything in the query', posted(form, '', `${path}?a=1`), { a: '1' }],
  ['a POST without Content-Type and body', bare(`POST ${path}?a=1`), { a: '1' }],
  ['a POST with length 0 and no Content-Type', posted(null, ''), {}],
  ['a POST without Content-Type, with a form', posted(null, 'a=1&b=2'), { a: '1', b: '2' }],
  ['a POST without Content-Type, with JSON', posted(null, '{"a":"1"}'), { a: '1' }],
  ['an empty Content-Type', posted('', 'a=1'), { a: '1' }],
  ['a Content-Type of semicolons', posted(';;;', 'a=1'), { a: '1' }],
  ['a Content-Type that is none', posted('"', 'a=1'), { a: '1' }],
  ['a type that nobody knows', posted('text/vnd.x; charset=utf-9', 'a=1'), { a: '1' }],
  ['multipart without a boundary and with length 0', posted('multipart/form-data', ''), {}],
  ['multipart with a boundary and length 0', posted('multipart/form-data; boundary=x', ''), {}],
  ['a JSON type with an empty body', posted(json, ''), {}],
  ['a JSON type with blanks', posted(json, ' \r\n'), {}],
  ['a JSON type with a form', posted(json, 'a=1'), { a: '1' }],
  ['a JSON type without a body', bare(`POST ${path}?a=1`, `Content-Type: ${json}`), { a: '1' }],
  ['a form as octet-stream', posted('application/octet-stream', 'a=1'), { a: '1' }],
  ['a form with a charset', posted(`${form}; charset=UTF-8`, 'a=%C3%A4'), { a: 'ä' }],
  ['a form whose type is in capitals', posted(form.toUpperCase(), 'a=%5B1'), { a: '[1' }],
  ['a form with a line end', posted(form, 'a=1\r\n'), { a: '1' }],
  ['a form with raw UTF-8', posted(form, 'ä=ö'), { ä: 'ö' }],
  ['a form that is no UTF-8', posted(form, Buffer.from('a=\xff', 'latin1')), { a: '\ufffd' }],
  ['a trailing ?', bare(`GET ${path}?`), {}],
  ['a trailing /?', bare(`POST ${path}/?a=1`), { a: '1' }],
  ['GET with a form type', bare(`GET ${path}?a=1`, `Content-Type: ${form}`), { a: '1' }],
  [
    'GET with a form type and a body, which is no part of it',
    request(`GET ${path}?a=1`, [alice, `Content-Type: ${form}`, 'Content-Length: 3'], 'a=2'),
    { a: '1' },
  ],
  ['GET with a malformed type', bare(`GET ${path}?a=1`, 'Content-Type: ;;;'), { a: '1' }],
  [
    'JSON with numbers, booleans and null',
    posted(json, '{"n":7,"x":1.5,"m":-1,"t":true,"f":false,"z":null,"s":"a b+c"}'),
    { n: '7', x: '1.5', m: '-1', t: '1', f: '0', z: '', s: 'a b+c' },
  ],
  ['JSON with a charset', posted(`${json};charset=utf-8`, '{"a":"ä"}'), { a: 'ä' }],
  ['JSON behind a byte order mark', posted(json, '\ufeff{"a":"1"}'), { a: '1' }],
  ['JSON over lines', posted(json, '\n{\n"a": "1"\n}\n'), { a: '1' }],
  [
    'JSON with the names of Object’s own',
    posted(json, '{"constructor":"1"}'),
    { constructor: '1' },
  ],
  ['JSON with a name twice: the last', posted(json, '{"a":"1","a":"2"}'), { a: '2' }],
  ['an empty JSON object', posted(json, '{}', `${path}?a=1`), { a: '1' }],
  ['JSON under another type', posted('text/plain', '{"a":"1"}'), { a: '1' }],
  ['a name twice: the last', bare(`GET ${path}?a=1&b=2&a=3`), { a: '3', b: '2' }],
  ['query and body: the body', posted(form, 'a=2', `${path}?a=1&b=1`), { a: '2', b: '1' }],
  ['+ and %20', bare(`GET ${path}?a=x+y%20z%2B`), { a: 'x y z+' }],
  ['an invalid %zz in the query', bare(`GET ${path}?a=%zz&b=%`), { a: '%zz', b: '%' }],
  ['an invalid %zz in a form', posted(form, 'a=%zz%4'), { a: '%zz%4' }],
  ['invalid UTF-8 in the query', bare(`GET ${path}?a=%ff`), { a: '\ufffd' }],
  ['names in UTF-8', bare(`GET ${path}?%C3%A4=%E2%82%AC`), { ä: '€' }],
  ['names without values', bare(`GET ${path}?a&b=&=c&&`), { a: '', b: '', '': 'c' }],
  ['brackets and semicolons', bare(`GET ${path}?a[0]=1;b=2`), { 'a[0]': '1;b=2' }],
  ['a second ? in the query', bare(`GET ${path}?a=b?c/d//e`), { a: 'b?c/d//e' }],
  [
    'chunked bytes',
    request(
      `POST ${path}`,
      [alice, chunked, `Content-Type: ${form}`],
      '3\r\na=1\r\n2;x=y\r\n&b\r\n0\r\n\r\n',
    ),
    { a: '1', b: '' },
  ],
  [
    'chunked bytes without a type',
    request(`POST ${path}`, [alice, chunked], '7\r\n{"a":1}\r\n0\r\n\r\n'),
    { a: '1' },
  ],
  [
    'chunked nothing',
    request(`POST ${path}?a=1`, [alice, chunked, `Content-Type: ${json}`], '0\r\n\r\n'),
    { a: '1' },
  ],
  [
    'multipart with fields',
    posted(
      'multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW',
      multipart('----WebKitFormBoundary7MA4YWxkTrZu0gW', field('a', '1'), field('ä', '\r\nö--')),
    ),
    { a: '1', ä: '\r\nö--' },
  ],
  [
    'multipart with a boundary of five characters',
    posted(
      'multipart/form-data; boundary=xYzZY',
      multipart('xYzZY', field('a', ''), field('b', '1')),
    ),
    { a: '', b: '1' },
  ],
  [
    'multipart with a quoted boundary, a preamble, other headers and an epilogue',
    posted(
      'Multipart/Form-Data; charset=utf-8; boundary="a b"',
      `hello\r\n${multipart('a b', [
        'Content-Type: text/plain; charset=utf-8\r\ncontent-disposition: form-data; name=a',
        '1',
      ])}bye`,
    ),
    { a: '1' },
  ],
  [
    'multipart with a file, which is no argument',
    posted(
      'multipart/form-data; boundary=x',
      multipart(
        'x',
        [
          'Content-Disposition: form-data; name="f"; filename="a.txt"\r\nContent-Type: text/plain',
          'hi',
        ],
        field('q\\"', '1'),
      ),
    ),
    { 'q"': '1' },
  ],
  [
    'multipart with nothing in it',
    posted('multipart/form-data; boundary=x', '--x--\r\n', `${path}?a=1`),
    { a: '1' },
  ],
];

for (const [what, bytes, expected] of oddities) {
  test(`${what}: the call is made with its arguments`, async () => {
    assert.deepEqual(await argumentsOf(bytes), expected);
  });
}

const megabytes = 'a='.padEnd(2 * 1024 * 1024, 'x');
const notMultipart = /not the multipart\/form-data that it claims/;
const unreadable: [what: string, type: string, body: string, status: number, error: RegExp][] = [
  ['malformed JSON', json, '{"a":', 200, /not valid JSON/],
  ['JSON cut off before it began', json, 'nul', 200, /not valid JSON/],
  ['nested JSON', json, '{"a":{"b":1}}', 200, /“a” is neither a text nor a number/],
  ['a list as a value', json, '{"a":[1]}', 200, /“a” is neither a text nor a number/],
  ['a JSON array', json, '[{"a":1}]', 200, /not an object/],
  ['a JSON text', json, '"a"', 200, /not an object/],
  ['JSON null', json, 'null', 200, /not an object/],
  [
    'multipart without a boundary',
    'multipart/form-data',
    multipart('x', field('a', '1')),
    200,
    notMultipart,
  ],
  [
    'multipart with another boundary',
    'multipart/form-data; boundary=y',
    multipart('x'),
    200,
    notMultipart,
  ],
  ['multipart without an end', 'multipart/form-data; boundary=x', '--x\r\n', 200, notMultipart],
  [
    'multipart with a part without a name',
    'multipart/form-data; boundary=x',
    multipart('x', ['Content-Disposition: form-data', '1']),
    200,
    notMultipart,
  ],
  [
    'multipart with a part without a head',
    'multipart/form-data; boundary=x',
    '--x\r\nhello\r\n--x--\r\n',
    200,
    notMultipart,
  ],
  ['a body of 2 MB', form, megabytes, 413, /too large/],
];

/** Where each door's envelope has its error. */
const doors: [what: string, target: string, name: string, errorIn: (body: unknown) => unknown][] = [
  [
    '/execute',
    path,
    'alice',
    (body) =>
      z
        .strictObject({
          data: z.null(),
          errors: z.array(z.string()).length(1),
          messages: z.null(),
          metadata: z.strictObject({ error_codes: z.array(z.string()).length(1) }),
          status: z.literal(0),
          warnings: z.null(),
        })
        .parse(body).errors[0],
  ],
  [
    'the contract’s path',
    '/Test/echo',
    'alice',
    (body) =>
      z
        .object({
          apiversion: z.literal(3),
          func: z.literal('echo'),
          module: z.literal('Test'),
          result: z.object({ status: z.literal(0), data: z.null(), errors: z.array(z.string()) }),
        })
        .parse(body).result.errors[0],
  ],
  [
    '/json-api/cpanel in version 3',
    '/json-api/cpanel?cpanel_jsonapi_apiversion=3&cpanel_jsonapi_module=Test&cpanel_jsonapi_func=echo',
    'alice',
    (body) =>
      z
        .object({
          apiversion: z.literal(3),
          func: z.literal('echo'),
          module: z.literal('Test'),
          result: z.object({ status: z.literal(0), data: z.null(), errors: z.array(z.string()) }),
        })
        .parse(body).result.errors[0],
  ],
  [
    '/json-api/cpanel in version 2',
    '/json-api/cpanel?cpanel_jsonapi_module=Ftp&cpanel_jsonapi_func=listftpsessions',
    'alice',
    (body) =>
      z
        .object({
          cpanelresult: z.object({
            apiversion: z.literal(2),
            error: z.string(),
            func: z.literal('listftpsessions'),
            module: z.literal('Ftp'),
            event: z.object({ result: z.literal(0) }),
          }),
        })
        .parse(body).cpanelresult.error,
  ],
  [
    '/json-api/uapi_cpanel',
    '/json-api/uapi_cpanel?cpanel.user=alice',
    'admin',
    (body) =>
      z
        .object({
          data: z.object({ uapi: z.object({ status: z.literal(0), errors: z.array(z.string()) }) }),
          metadata: z.object({ command: z.literal('uapi_cpanel'), result: z.literal(1) }),
        })
        .parse(body).data.uapi.errors[0],
  ],
];

for (const [what, type, body, status, error] of unreadable) {
  for (const [door, target, name, errorIn] of doors) {
    test(`${what} at ${door}: HTTP ${status} and a clear error in its envelope`, async () => {
      const answer = await server.send(post(target, type, body, [as(name)]));
      assert.equal(answer.status, status);
      assert.match(String(errorIn(JSON.parse(answer.body))), error);
    });
  }
  test(`${what} as a login: no login, and the error in the login’s form`, async () => {
    const answer = await server.send(post('/login/', type, body));
    assert.equal(answer.status, status === 200 ? 401 : status);
    const { status: result, message } = JSON.parse(answer.body);
    assert.equal(result, 0);
    assert.match(message, error);
    assert.equal(answer.header('set-cookie'), undefined);
  });
}

test('a chunked body of 2 MB is too large too, and the next request is answered', async () => {
  const body = `200000\r\n${megabytes}\r\n0\r\n\r\n`;
  const answer = await server.send(request(`POST ${path}`, [alice, chunked], body));
  assert.equal(answer.status, 413);
  assert.deepEqual(await argumentsOf(bare(`GET ${path}?a=1`)), { a: '1' });
});

test('a body just below 1 MiB arrives whole', async () => {
  const value = 'x'.repeat(1024 * 1024 - 2);
  assert.equal((await argumentsOf(posted(form, `a=${value}`)))['a'], value);
});

test('without valid credentials no body is looked at', async () => {
  const answer = await server.send(post(path, json, '{', []));
  assert.equal(answer.status, 401);
});
