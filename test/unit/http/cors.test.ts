import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testServices, tokenOf } from '../../support/app.ts';
import { type RawAnswer, request, startServer, type TestServer } from '../../support/http.ts';
import { twoSessions } from '../../support/http-sessions.ts';

const allowed = 'https://app.example';
const list = '/execute/Ftp/list_sessions';
const token = `Authorization: cpanel alice:${tokenOf('alice')}`;

let server: TestServer;
let closed: TestServer;
before(async () => {
  const corsOrigins = [allowed, 'http://localhost:5173'];
  server = await startServer(testServices({ sessions: twoSessions, corsOrigins }));
  closed = await startServer(testServices());
});
after(() => Promise.all([server.close(), closed.close()]));

const from = (origin: string, ...more: string[]) => [`Origin: ${origin}`, ...more];

function corsHeadersOf({ header }: RawAnswer): Record<string, unknown> {
  const names = ['origin', 'credentials', 'methods', 'headers'].map((name) => `allow-${name}`);
  const all = [...names, 'expose-headers', 'max-age'].map((name) => `access-control-${name}`);
  const entries = all.map((name) => [name, header(name)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

const preflight = (origin: string) =>
  request(
    `OPTIONS ${list}`,
    from(
      origin,
      'Access-Control-Request-Method: GET',
      'Access-Control-Request-Headers: authorization',
    ),
  );

test('a page of an allowed origin may read answers, refusals too, and their ETag', async () => {
  for (const [headers, status] of [
    [[token], 200],
    [[], 401],
  ] as const) {
    const answer = await server.send(request(`GET ${list}`, from(allowed, ...headers)));
    assert.equal(answer.status, status);
    assert.equal(answer.header('access-control-allow-origin'), allowed);
    assert.match(answer.header('access-control-expose-headers') ?? '', /\betag\b/);
    assert.match(answer.header('vary') ?? '', /\bOrigin\b/);
    assert.equal(answer.header('access-control-allow-credentials'), undefined);
  }
});

test('its browser is told what it may send, before anybody is asked for credentials', async () => {
  const { status, header, body } = await server.send(preflight(allowed));
  assert.deepEqual([status, body], [204, '']);
  assert.equal(header('access-control-allow-origin'), allowed);
  assert.equal(header('access-control-allow-methods'), 'GET, HEAD, POST');
  assert.match(header('access-control-allow-headers') ?? '', /authorization.*last-event-id/);
  assert.equal(header('access-control-allow-credentials'), undefined);
});

test('no other origin is told anything, however alike', async () => {
  for (const origin of [
    'https://evil.example',
    'http://app.example',
    'https://app.example:444',
    'https://app.example.evil.example',
    'https://x.app.example',
    'https://app.example, https://evil.example',
    '*',
    'null',
  ]) {
    const answer = await server.send(request(`GET ${list}`, from(origin, token)));
    assert.equal(answer.status, 200);
    assert.deepEqual(corsHeadersOf(answer), {}, origin);
    assert.match(answer.header('vary') ?? '', /\bOrigin\b/);
    const asked = await server.send(preflight(origin));
    assert.deepEqual([asked.status, corsHeadersOf(asked)], [405, {}], origin);
  }
});

test('such a page may not call what changes something, with a token neither', async () => {
  const call = '/execute/Ftp/kill_session?login=all';
  const { body } = await server.send(request(`POST ${call}`, from(allowed, token)));
  assert.deepEqual(JSON.parse(body).metadata, { error_codes: ['other-site'] });
});

test('the page’s own files say nothing of origins', async () => {
  const answer = await server.send(request('GET /', from(allowed)));
  assert.equal(answer.status, 200);
  assert.deepEqual(corsHeadersOf(answer), {});
  assert.equal(answer.header('vary'), 'accept-encoding, accept-language');
});

test('where no origin is allowed all is as if there were no such thing', async () => {
  const answer = await closed.send(request(`GET ${list}`, from(allowed, token)));
  assert.deepEqual([answer.status, corsHeadersOf(answer)], [200, {}]);
  assert.equal(answer.header('vary'), undefined);
  assert.equal((await closed.send(preflight(allowed))).status, 405);
});
