import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { NewToken } from '../../../src/accounts/token-store.ts';
import { openTokenStore } from '../../../src/accounts/token-store.ts';
import { testServices } from '../../support/app.ts';
import { request, startAdministratorServer, withServer } from '../../support/http.ts';

/** Services with real tokens, and the token of that account with those limits. */
async function limited(t: TestContext, token: NewToken) {
  const dir = mkdtempSync(join(tmpdir(), 'uapid-limited-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const services = testServices();
  const tokens = openTokenStore(dir);
  const { text } = await tokens.add(token, services.accounts);
  return { services: { ...services, tokens }, header: `cpanel ${token.account}:${text}` };
}

const list = '/execute/Ftp/list_sessions';

test('a token with addresses counts from those alone, behind a trusted proxy from the client’s', async (t) => {
  const from = ['192.0.2.0/24', '2001:db8::/48'];
  const { services, header } = await limited(t, { account: 'alice', from });
  const statusOf = async (trustedProxies: readonly string[], ...hops: string[]) => {
    let status = 0;
    await withServer({ ...services, trustedProxies }, async (server) => {
      const lines = [`Authorization: ${header}`, ...hops.map((hop) => `X-Forwarded-For: ${hop}`)];
      status = (await server.send(request(`GET ${list}`, lines))).status ?? 0;
    });
    return status;
  };
  const proxy = ['127.0.0.1'];
  for (const inside of ['192.0.2.9', '::ffff:192.0.2.9', '2001:db8:0:7::1']) {
    assert.equal(await statusOf(proxy, inside), 200, inside);
  }
  for (const outside of ['192.0.3.9', '2001:db8:1::1', '::192.0.2.9', 'unknown']) {
    assert.equal(await statusOf(proxy, outside), 401, outside);
  }
  // Nobody may name an address that no proxy of ours vouches for.
  assert.equal(await statusOf([], '192.0.2.9'), 401);
  assert.equal(await statusOf(proxy, '192.0.2.9, 198.51.100.1'), 401);
  assert.equal(await statusOf(proxy), 401);
});

test('a token that may only read ends nothing, is told why, and each refusal is written down', async (t) => {
  const { services, header } = await limited(t, { account: 'alice', readOnly: true });
  await withServer(services, async (server) => {
    const ask = (target: string) =>
      server.send(request(target, [`Authorization: ${header}`, 'Content-Length: 0']));
    assert.equal((await ask(`GET ${list}`)).status, 200);
    for (const [name, args] of [
      ['kill_session', 'login=all'],
      ['end_session', 'pid=1&start=1'],
    ]) {
      for (const method of ['GET', 'POST']) {
        services.auditLines.length = 0;
        const { status, body } = await ask(`${method} /execute/Ftp/${name}?${args}`);
        assert.equal(status, 200);
        const { errors, metadata } = JSON.parse(body);
        assert.deepEqual(errors, [
          `The function “Ftp::${name}” changes something, and this API token may only read. Nothing was changed.`,
        ]);
        assert.deepEqual(metadata.error_codes, ['token-read-only']);
        const [line = '', ...more] = services.auditLines;
        assert.match(line, /call-refused .*account="alice" by="alice" .*reason=read-only/);
        assert.deepEqual(more, []);
      }
    }
  });
});

test('a token that may only read gets no login for a browser', async (t) => {
  const { services, header } = await limited(t, { account: 'admin', readOnly: true });
  const server = await startAdministratorServer(services);
  t.after(() => server.close());
  for (const version of ['', '&api.version=1']) {
    services.auditLines.length = 0;
    const target = `GET /json-api/create_user_session?user=alice${version}`;
    const { body } = await server.send(request(target, [`Authorization: ${header}`]));
    assert.match(body, /this API token may only read/);
    assert.doesNotMatch(body, /"url"|cpsess/);
    assert.match(
      services.auditLines.join(''),
      /call-refused .*reason=read-only function="create_user_session"/,
    );
  }
  const { body } = await server.send(
    request('GET /json-api/listaccts', [`Authorization: ${header}`]),
  );
  assert.match(body, /"user":"alice"/);
});
