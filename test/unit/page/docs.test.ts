import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openapiDocument } from '../../../src/worker/openapi-document.ts';
import { type RawAnswer, request, startServer, type TestServer } from '../../support/http.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const get = (target: string) => server.send(request(`GET ${target}`));

/** The addresses that a page or style sheet takes something from. */
function addressesIn({ body, header }: RawAnswer): string[] {
  const type = header('content-type') ?? '';
  if (type.startsWith('text/html')) {
    return [
      ...body.matchAll(
        /<(?:script|link|img|iframe|source|form|base)\b[^>]*?\b(?:src|href|action)="([^"]*)"/gi,
      ),
    ].map(([, address = '']) => address);
  }
  if (type.startsWith('text/css')) {
    return [...body.matchAll(/(?:url\(\s*["']?|@import\s+["'])([^"')]*)/gi)].map(
      ([, address = '']) => address,
    );
  }
  return [];
}

/** Fetches a page and everything that it names, as a browser does; by path. */
async function fetchAll(start: string): Promise<Map<string, RawAnswer>> {
  const base = 'http://uapid.test';
  const fetched = new Map<string, RawAnswer>();
  const waiting = [start];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (fetched.has(path)) continue;
    const answer = await get(path);
    fetched.set(path, answer);
    for (const address of addressesIn(answer)) {
      // What is between quotes in a data: address is not read as an address by a browser.
      if (address.startsWith('data:') || address.startsWith('#')) continue;
      const url = new URL(address, base + path);
      assert.equal(url.origin, base, `${path} takes ${address}`);
      waiting.push(url.pathname);
    }
  }
  return fetched;
}

for (const start of ['/docs', '/docs/', '/cpsess0123456789/docs/']) {
  test(`${start} is a page whose files all come from this server`, async () => {
    const files = await fetchAll(start);
    for (const [path, { status }] of files) assert.equal(status, 200, path);
    const names = [...files.keys()].map((path) => path.split('/').at(-1));
    for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css', 'swagger-initializer.js']) {
      assert.ok(names.includes(name), name);
    }
  });

  test(`${start} may load nothing from outside, and no page may hold it in a frame`, async () => {
    for (const [path, answer] of await fetchAll(start)) {
      const policy = answer.header('content-security-policy') ?? '';
      const sources = policy.split(';').map((directive) => directive.trim().split(/\s+/));
      assert.ok(
        sources.some(([name, value]) => name === 'default-src' && value === "'none'"),
        path,
      );
      assert.ok(sources.some(([name, value]) => name === 'frame-ancestors' && value === "'none'"));
      for (const [name, ...values] of sources) {
        for (const value of values) {
          const isHere = ["'self'", "'none'", 'data:'].includes(value);
          const isOwnStyle = name === 'style-src' && value === "'unsafe-inline'";
          assert.ok(isHere || isOwnStyle, `${name} ${value}`);
        }
      }
      assert.doesNotMatch(policy, /script-src[^;]*(?:unsafe|data:)/);
      assert.doesNotMatch(policy, /upgrade-insecure-requests/);
    }
  });
}

test('the page has each function once, under its own name, and nothing that is not in the document', async () => {
  const { paths, info } = JSON.parse((await get('/docs/functions.json')).body);
  const whole = JSON.parse((await get('/docs/json')).body);
  const shown = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations as object).map(([method, operation]) => {
      assert.deepEqual(operation, whole.paths[path][method]);
      return path;
    }),
  );
  assert.equal(new Set(shown).size, shown.length);
  const named = shown.map((path) => path.split('/').at(-1));
  assert.equal(new Set(named).size, named.length, String(named));
  const all = Object.keys(whole.paths).map((path) => path.split('/').at(-1));
  assert.deepEqual(new Set(named), new Set(all));
  assert.match(info.description, /Each function is here once/);
  assert.match((await get('/docs')).body, /<title>uapid: the API<\/title>/);
});

test('the page shows the document of this server, and asks no validator', async () => {
  const initializer = await get('/docs/static/swagger-initializer.js');
  assert.match(
    initializer.body,
    /url: new URL\('\/docs\/functions\.json', window\.location\.href\)/,
  );
  assert.match(initializer.body, /validatorUrl: null/);
  assert.doesNotMatch(initializer.body, /https?:\/\//);
  const document = await get('/docs/json');
  assert.equal(document.status, 200);
  assert.deepEqual(JSON.parse(document.body), JSON.parse(JSON.stringify(await openapiDocument())));
});

test('the page cannot be left for files of the host', async () => {
  for (const target of ['/docs/static/../../package.json', '/docs/static/%2e%2e/package.json']) {
    const { status, body } = await get(target);
    assert.ok(status >= 400, `${target}: ${status}`);
    assert.doesNotMatch(body, /"name"/);
  }
});
