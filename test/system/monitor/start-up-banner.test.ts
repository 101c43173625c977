import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { runUapid, startServe } from '../../support/cli-run.ts';
import { ask } from '../channel/ask.ts';
import { copyProgram } from '../channel/program-copy.ts';
import * as boundary from '../channel/served.ts';

const onTerminal = 'on a terminal';

/** Starts `uapid serve` on one state directory again and again. */
function starter(t: TestContext) {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-banner-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  const env = { UAPID_STATE_DIR: stateDir };
  const serve = async (listen: string, more: Readonly<Record<string, string>> = {}) => {
    const terminal = listen === onTerminal;
    const address = terminal ? 'http://127.0.0.1:0' : listen;
    const args = ['--listen', address, '--log-level', 'warn'];
    const server = await startServe(args, { ...env, ...more }, { terminal });
    t.after(() => server.stop());
    return server;
  };
  return { env, serve };
}

const pageIn = (banner: string) => /^The sessions in a browser: (\S+)$/m.exec(banner)?.[1];

test('the first start on a terminal shows a password, every later one how to ask, and both the page', async (t) => {
  const { serve } = starter(t);
  for (const hint of [/^This is the first start/m, /^Try: curl/m]) {
    const server = await serve(onTerminal);
    assert.match(server.stdout(), hint);
    const page = pageIn(server.stdout());
    assert.equal(page, `${server.urls[0]}/`);
    const answer = await fetch(page ?? '');
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/html/);
    const password = /^Its password, shown only now: (\S+)$/m.exec(server.stdout())?.[1];
    assert.equal(password !== undefined, /first start/.test(server.stdout()));
    if (password !== undefined) {
      const place = { url: server.urls[0] ?? '', user: 'admin', password };
      assert.equal((await ask(place, '/execute/Ftp/server_name')).status, 200);
      const wrong = await ask({ ...place, password: 'x' }, '/execute/Ftp/server_name');
      assert.equal(wrong.status, 401);
    }
    await server.stop();
  }
});

test('no password goes to what is no terminal, where the command that makes an account is said', async (t) => {
  const { env, serve } = starter(t);
  const server = await serve('http://127.0.0.1:0', { TZ: 'Europe/Berlyn' });
  assert.doesNotMatch(server.stdout() + server.stderr(), /password|first start/i);
  assert.match(
    server.stdout(),
    /^There is no account yet\. Make one: (?:uapid|node \S+cli\.js) account add admin --role admin\nThen: curl -u admin http:\S+$/m,
  );
  assert.deepEqual(openAccountStore(env.UAPID_STATE_DIR).list(), []);
  assert.match(
    server.stdout(),
    /^Warning: times are in UTC: TZ="Europe\/Berlyn" names no time zone\.$/m,
  );
  await server.stop();
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

test('a start whose scans fail serves, and says why', async (t) => {
  const { program } = copyProgram(t);
  // A FAKE scanner, which ends as soon as it begins.
  writeFileSync(join(dirname(program), 'scanner.js'), 'process.exit(3);\n');
  const server = await boundary.serve(t, { program });
  assert.match(
    server.stdout(),
    /^Warning: which sessions there are cannot be told: the scanner ends again and again\. GET \/readyz tells when they can\.$/m,
  );
  assert.equal((await ask(server, '/execute/Ftp/server_name')).status, 200);
  assert.equal((await fetch(`${server.url}/readyz`)).status, 503);
});
