import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { version } from '../../../../src/lib/version.ts';
import { functions } from '../../../../src/uapi/functions.ts';
import { testServices } from '../../../support/app.ts';
import { as, request, withServer } from '../../../support/http.ts';

const path = '/execute/Uapid/get_server_info';

test('every account is told host, version and all functions, also without feature and role', async () => {
  await withServer(testServices({ roles: { isEnabled: () => false } }), async (server) => {
    for (const name of ['admin', 'rita', 'plain', 'ghost']) {
      const { body } = await server.send(request(`GET ${path}`, [as(name)]));
      const { status, data } = JSON.parse(body);
      assert.deepEqual([status, data.host, data.version], [1, hostname(), version], name);
      const names = data.functions.map((each: { module: string; name: string }) => [
        each.module,
        each.name,
      ]);
      assert.deepEqual(names, functions.map(({ module, name }) => [module, name]).sort());
      const changing = data.functions.filter((each: { changes: number }) => each.changes === 1);
      assert.deepEqual(
        changing.map((each: { name: string }) => each.name),
        ['end_session', 'kill_session'],
      );
    }
  });
});

test('nobody is told without credentials', async () => {
  await withServer(testServices(), async (server) => {
    const { status, body } = await server.send(request(`GET ${path}`));
    assert.equal(status, 401);
    assert.ok(!body.includes(version));
  });
});
