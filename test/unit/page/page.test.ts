import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { testServices } from '../../support/app.ts';
import {
  type RawAnswer,
  request,
  startServer,
  type TestServer,
  withServer,
} from '../../support/http.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const get = (target: string, headers: readonly string[] = []) =>
  server.send(request(`GET ${target}`, headers));

/** The document, its files and every module that they import, by path. */
async function fetchAll(): Promise<Map<string, RawAnswer>> {
  const fetched = new Map<string, RawAnswer>();
  const waiting = ['/'];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (fetched.has(path)) continue;
    const answer = await get(path);
    fetched.set(path, answer);
    if (!/html|javascript|css/.test(answer.header('content-type') ?? '')) continue;
    const named = answer.body.matchAll(/(?<!<a )(?:src|href)="([^"]*)"|\bfrom '([^']*)'/g);
    for (const [, address, module] of named) {
      waiting.push(new URL(address ?? module ?? '', `http://uapid.test${path}`).pathname);
    }
  }
  return fetched;
}

test('the page and everything that it names is there, with its type', async () => {
  const files = await fetchAll();
  const types: Record<string, RegExp> = {
    '/': /^text\/html; charset=utf-8$/,
    css: /^text\/css; charset=utf-8$/,
    json: /^application\/json; charset=utf-8$/,
    js: /^text\/javascript; charset=utf-8$/,
    svg: /^image\/svg\+xml$/,
  };
  assert.ok(files.size > 10, `${files.size} files`);
  for (const [path, { status, header }] of files) {
    assert.equal(status, 200, path);
    const kind = path === '/' ? path : path.split('.').at(-1);
    assert.match(header('content-type') ?? '', types[kind ?? ''] ?? /never/, path);
  }
});

test('is there behind a login’s security token too', async () => {
  const [plain, behind] = [await get('/'), await get('/cpsess0123456789/')];
  assert.deepEqual([behind.status, behind.body], [200, plain.body]);
  assert.equal((await get('/cpsess0123456789')).status, 200);
});

test('a strict policy: from here alone, nothing inline, no frame, no markup from texts', async () => {
  for (const [path, { header, body }] of await fetchAll()) {
    assert.equal(
      header('content-security-policy'),
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      path,
    );
    assert.equal(header('x-content-type-options'), 'nosniff');
    assert.equal(header('x-frame-options'), 'DENY');
    assert.equal(header('referrer-policy'), 'same-origin');
    if (path !== '/') continue;
    assert.doesNotMatch(body, /<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)/i);
  }
});

test('shows itself in frames of the origins that the configuration names, and no others', async () => {
  const frameAncestors = ['https://panel.example:2083', 'https://b.example'];
  await withServer(testServices({ frameAncestors }), async (other) => {
    const { header } = await other.send(request('GET /'));
    assert.match(
      header('content-security-policy') ?? '',
      /; frame-ancestors https:\/\/panel\.example:2083 https:\/\/b\.example;/,
    );
    assert.equal(header('x-frame-options'), undefined);
  });
});

test('no file names an address outside, and none makes markup of a text', async () => {
  for (const [path, { body }] of await fetchAll()) {
    const outside = body.match(/(?:https?:)?\/\/[a-z0-9-]+\.[^\s"')]*/gi) ?? [];
    const names = outside.filter((address) => address !== 'http://www.w3.org/2000/svg');
    assert.deepEqual(names, [], path);
    assert.doesNotMatch(body, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/);
  }
});

test('every text of the document was put in', async () => {
  const { body } = await get('/');
  assert.doesNotMatch(body, /\{\{|\}\}|undefined/);
  assert.match(body, /<title>FTP sessions<\/title>/);
});

test('is asked for anew each time and not sent again when it is the same', async () => {
  for (const coding of ['gzip', 'identity']) {
    const accepted = `Accept-Encoding: ${coding}`;
    const { header } = await get('/page/style.css', [accepted]);
    assert.equal(header('cache-control'), 'no-cache');
    assert.equal(header('vary'), 'accept-encoding');
    const etag = header('etag') ?? '';
    const again = await get('/page/style.css', [accepted, `If-None-Match: ${etag}`]);
    assert.deepEqual([again.status, again.body, again.header('etag')], [304, '', etag]);
    const other = await get('/page/style.css', [accepted, 'If-None-Match: "other"']);
    assert.equal(other.status, 200);
  }
});

test('is compressed for those who ask for it, and for nobody else', async () => {
  const plain = await get('/page/style.css');
  assert.equal(plain.header('content-encoding'), undefined);
  for (const accepted of ['gzip', 'br, gzip;q=0.5', 'deflate,gzip']) {
    const headers = ['GET /page/style.css HTTP/1.1', 'Host: x', 'Connection: close'];
    const bytes = await server.exchange(
      `${[...headers, `Accept-Encoding: ${accepted}`].join('\r\n')}\r\n\r\n`,
    );
    const end = bytes.indexOf('\r\n\r\n');
    assert.match(bytes.subarray(0, end).toString(), /content-encoding: gzip/i, accepted);
    assert.equal(gunzipSync(bytes.subarray(end + 4)).toString(), plain.body);
  }
  for (const accepted of ['br', 'gzip;q=0', 'gzip; q=0.0, br', 'xgzip', '']) {
    const { header } = await get('/page/style.css', [`Accept-Encoding: ${accepted}`]);
    assert.equal(header('content-encoding'), undefined, accepted);
  }
});
