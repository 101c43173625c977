import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type CpanelServer,
  cpanelPorts,
  startCpanelServer,
} from '../../../support/cpanel-ports.ts';
import { as, post, request } from '../../../support/http.ts';

let server: CpanelServer;
before(async () => {
  server = await startCpanelServer();
});
after(() => server.close());

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
const textFor = (name: string) => `XML is not served here: ask /json-api/${name} for JSON.`;
const cpanel = (text: string) =>
  `${declaration}<cpanelresult><apiversion>2</apiversion><error>${text}</error><data><reason>${text}</reason><result>0</result></data><type>text</type></cpanelresult>\n`;
const metadata = (name: string, text: string) =>
  `<metadata><command>${name}</command><reason>${text}</reason><result>0</result><version>1</version></metadata>`;
const v1 = (name: string, text = textFor(name)) =>
  `${declaration}<result>${metadata(name, text)}</result>\n`;
const v0 = (name: string, text = textFor(name)) =>
  `${declaration}<result>${metadata(name, text)}<status>0</status><statusmsg>${text}</statusmsg><error>${text}</error></result>\n`;

const calls: [target: string, body: string][] = [
  [
    '/xml-api/cpanel?cpanel_xmlapi_module=Ftp&cpanel_xmlapi_func=listftpsessions',
    cpanel(textFor('cpanel')),
  ],
  ['/xml-api/cpanel', cpanel(textFor('cpanel'))],
  ['/xml-api/listaccts', v0('listaccts')],
  ['/xml-api/suspendacct/?user=alice', v0('suspendacct')],
  ['/xml-api/suspendacct?user=alice&api.version=1', v1('suspendacct')],
  ['/xml-api', v0('')],
  ['/xml-api/', v0('')],
];
for (const [target, expected] of calls) {
  test(`${target}: a failure in XML that says where JSON is, on all four ports`, async () => {
    for (const port of cpanelPorts) {
      for (const method of ['GET', 'POST']) {
        const answer = await server.send(port, request(`${method} ${target}`, [as('admin')]));
        assert.deepEqual([answer.status, answer.body], [200, expected]);
        assert.equal(answer.header('content-type'), 'text/xml; charset=utf-8');
      }
    }
  });

  test(`${target} without a valid credential: 403 “Forbidden Access denied”, in XML`, async () => {
    for (const port of cpanelPorts) {
      for (const headers of [[], [as('admin', 'wrong')]]) {
        const answer = await server.send(port, request(`GET ${target}`, headers));
        assert.deepEqual([answer.status, answer.reasonPhrase], [403, 'Forbidden Access denied']);
        assert.equal(answer.body, cpanel('Access denied'));
        assert.equal(answer.header('content-type'), 'text/xml; charset=utf-8');
      }
    }
  });
}

test('api.version counts in the body of a form, and a body that cannot be read is said in XML', async () => {
  const form = 'application/x-www-form-urlencoded';
  const inForm = post('/xml-api/listaccts', form, 'api.version=1', [as('admin')]);
  assert.equal((await server.send(2087, inForm)).body, v1('listaccts'));
  const broken = post('/xml-api/listaccts', 'application/json', '{', [as('admin')]);
  const text = 'The body of the request is not valid JSON.';
  assert.equal((await server.send(2087, broken)).body, v0('listaccts', text));
});

test('another method is refused in XML', async () => {
  const answer = await server.send(2087, request('DELETE /xml-api/x', [as('admin')]));
  assert.deepEqual(
    [answer.status, answer.body],
    [405, v0('x', 'The method DELETE is not allowed here.')],
  );
});

const elsewhere = [
  '/frontend/jupiter',
  '/scripts/x',
  '/scripts2/x',
  '/unprotected/x',
  '/webmail/x',
];
for (const path of elsewhere) {
  test(`${path}, a page of the original’s, is no function of a module`, async () => {
    for (const headers of [[], [as('admin')]]) {
      const { status, body } = await server.send(2083, request(`GET ${path}`, headers));
      assert.deepEqual(
        [status, body],
        [
          404,
          '{"apiversion":3,"func":"","module":"","result":{"data":null,"errors":["There is nothing at this address."],"messages":null,"metadata":{"error_codes":["request-refused"]},"status":0,"warnings":null}}',
        ],
      );
    }
  });
}

test('a module whose name begins like such a page is a module', async () => {
  const { body } = await server.send(2083, request('GET /scriptsx/y', [as('admin')]));
  assert.match(body, /Failed to load module “scriptsx”/);
});

const twoEnds =
  '{"apiversion":3,"func":"","module":"","result":{"data":null,"errors":["The request has both Transfer-Encoding and Content-Length, so where it ends could be read in two ways. Send one of them."],"messages":null,"metadata":{"error_codes":["request-refused"]},"status":0,"warnings":null}}';

test('the 400 for a request with Transfer-Encoding beside Content-Length names the two', async () => {
  const headers = ['Transfer-Encoding: chunked', 'Content-Length: 5'];
  for (const port of cpanelPorts) {
    for (const order of [headers, headers.toReversed()]) {
      const bytes = request('POST /json-api/cpanel', [as('admin'), ...order], '0\r\n\r\n');
      const { status, body } = await server.send(port, bytes);
      assert.deepEqual([status, body], [400, twoEnds]);
    }
  }
});

test('what is wrong with one of them alone is not said of both', async () => {
  for (const header of ['Transfer-Encoding: x', 'Content-Length: x']) {
    const bytes = request('POST /json-api/cpanel', [as('admin'), header], '0\r\n\r\n');
    const { status, body } = await server.send(2083, bytes);
    assert.equal(status, 400);
    assert.match(body, /"The request is malformed\."/);
  }
});

/** Rebuilt from its published source: the body stands in its headers, with a line end too many behind. */
const fromXmlapiPhp = (name: string, args: string) =>
  [
    `POST /json-api/${name} HTTP/1.1`,
    'Host: x',
    'Connection: close',
    as('admin'),
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${args.length}`,
    '',
    args,
    '',
    '',
  ].join('\r\n');

test('what xmlapi-php sends with “fopen” and “json” has its one answer, on all four ports', async () => {
  const api2 =
    'cpanel_jsonapi_user=alice&cpanel_jsonapi_module=Ftp&cpanel_jsonapi_func=listftpsessions&cpanel_jsonapi_apiversion=2';
  for (const port of cpanelPorts) {
    const { status, body } = await server.send(port, fromXmlapiPhp('cpanel', api2));
    assert.deepEqual(
      [status, body],
      [
        200,
        '{"cpanelresult":{"apiversion":2,"func":"listftpsessions","module":"Ftp","event":{"result":1},"data":[]}}',
      ],
    );
  }
});
