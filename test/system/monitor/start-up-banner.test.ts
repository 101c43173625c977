import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runUapid, startServe } from '../../support/cli-run.ts';
import { ask } from '../channel/ask.ts';
import { copyProgram } from '../channel/program-copy.ts';
import * as boundary from '../channel/served.ts';

/** Starts `uapid serve` on one state directory again and again. */
function starter(t: TestContext) {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-banner-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  const env = { UAPID_STATE_DIR: stateDir };
  const serve = async (listen: string) => {
    const server = await startServe(['--listen', listen, '--log-level', 'warn'], env);
    t.after(() => server.stop());
    return server;
  };
  return { env, serve };
}

const pageIn = (banner: string) => /^The sessions in a browser: (\S+)$/m.exec(banner)?.[1];

test('the first start and every later one name the page, which is there', async (t) => {
  const { serve } = starter(t);
  for (const hint of [/^This is the first start/m, /^Try: curl/m]) {
    const server = await serve('http://127.0.0.1:0');
    assert.match(server.stdout(), hint);
    const page = pageIn(server.stdout());
    assert.equal(page, `${server.urls[0]}/`);
    const answer = await fetch(page ?? '');
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/html/);
    await server.stop();
  }
});

test('the page is named over plain HTTP where that is served, else over https', async (t) => {
  const { env, serve } = starter(t);
  assert.equal((await runUapid(['tls', 'self-signed'], { env })).code, 0);
  const both = await serve('https://127.0.0.1:0,http://127.0.0.1:0');
  assert.equal(pageIn(both.stdout()), `${both.urls[1]}/`);
  await both.stop();
  const secure = await serve('https://127.0.0.1:0');
  assert.match(secure.urls[0] ?? '', /^https:/);
  assert.equal(pageIn(secure.stdout()), `${secure.urls[0]}/`);
});

test('a first start whose scans fail serves, and shows the password and why', async (t) => {
  const { env } = starter(t);
  const { program } = copyProgram(t);
  // A FAKE scanner, which ends as soon as it begins.
  writeFileSync(join(dirname(program), 'scanner.js'), 'process.exit(3);\n');
  const server = await boundary.serve(t, { program, stateDir: env.UAPID_STATE_DIR });
  const banner = server.stdout();
  assert.match(
    banner,
    /^Warning: which sessions there are cannot be told: the scanner ends again and again\. GET \/readyz tells when they can\.$/m,
  );
  const password = /^Its password, shown only now: (\S+)$/m.exec(banner)?.[1] ?? '';
  const place = { url: server.url, user: 'admin', password };
  assert.equal((await ask(place, '/execute/Ftp/server_name')).status, 200);
  assert.equal((await ask({ ...place, password: 'x' }, '/execute/Ftp/server_name')).status, 401);
  assert.equal((await fetch(`${server.url}/readyz`)).status, 503);
});
