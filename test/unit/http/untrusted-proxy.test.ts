import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testServices } from '../../support/app.ts';
import { as, request, withServer } from '../../support/http.ts';

const target = 'GET /execute/Ftp/list_sessions';

/** The warnings after requests with those headers, each of its own connection. */
async function warningsAfter(requests: readonly string[][], trustedProxies: string[] = []) {
  const services = { ...testServices(), trustedProxies };
  await withServer(services, async (server) => {
    for (const headers of requests) await server.send(request(target, headers));
  });
  const lines = services.log.map((line) => JSON.parse(line) as { level: number; msg: string });
  return lines.filter(({ level }) => level === 40).map(({ msg }) => msg);
}

const right = as('alice');
const wrong = as('alice', 'wrong');
const forwarded = 'X-Forwarded-For: 198.51.100.9, <script>';

test('forwarding headers of a peer that is not trusted are warned of once, with the way out and nothing of theirs', async () => {
  for (const header of [forwarded, 'Forwarded: for=198.51.100.9', 'X-Real-IP: 198.51.100.9']) {
    const many = Array.from({ length: 10 }, (_, i) => [i % 2 === 0 ? wrong : right, header]);
    const warnings = await warningsAfter(many);
    assert.equal(warnings.length, 1, header);
    assert.match(warnings[0] ?? '', /--trust-proxy 127\.0\.0\.1 /);
    assert.doesNotMatch(warnings[0] ?? '', /198\.51|script/);
  }
});

test('there is no warning without such a header, without credentials, and of a proxy that is trusted', async () => {
  assert.deepEqual(await warningsAfter([[right], [wrong], [forwarded]]), []);
  const trusted = await warningsAfter([[right, 'X-Forwarded-For: 198.51.100.9']], ['127.0.0.1']);
  assert.deepEqual(trusted, []);
});

test('where another proxy is trusted, one that is not is still warned of', async () => {
  const warnings = await warningsAfter([[right, forwarded]], ['192.0.2.1']);
  assert.equal(warnings.length, 1);
});
