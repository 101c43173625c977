import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { tokenOf } from '../../../support/app.ts';
import {
  administratorPorts,
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

const form = 'application/x-www-form-urlencoded';
const reason = (name: string) =>
  `Unknown app (“${name}”) requested for this version (1) of the API.`;
const v1 = (name: string) =>
  `{"metadata":{"command":"${name}","reason":"${reason(name)}","result":0,"version":1}}`;
const v0 = (name: string) =>
  `${v1(name).slice(0, -1)},"status":0,"statusmsg":"Unknown App Requested: ${name}","error":"Unknown App Requested: ${name}"}`;

/** What a panel does to an account, none of which is served. */
const deeds = ['suspendacct', 'unsuspendacct', 'removeacct', 'passwd', 'createacct', 'modifyacct'];

for (const port of administratorPorts) {
  for (const name of deeds) {
    test(`${port}: /json-api/${name} without api.version is a failure to who reads v0, by GET and POST`, async () => {
      const token = `Authorization: whm admin:${tokenOf('admin')}`;
      for (const credential of [token, as('admin'), as('rita')]) {
        for (const version of ['', '&api.version=0', '&api.version=', '&api.version=x']) {
          const args = `user=alice&reason=late${version}`;
          for (const bytes of [
            request(`GET /json-api/${name}?${args}`, [credential]),
            request(`POST /json-api/${name}/?${args}`, [credential, 'Content-Length: 0']),
            post(`/json-api/${name}`, form, args, [credential]),
          ]) {
            const { status, body } = await server.send(port, bytes);
            assert.deepEqual([status, body], [200, v0(name)]);
          }
        }
      }
    });
  }
}

test('any api.version above 0 has the v1 body alone, wherever the version stands', async () => {
  for (const port of cpanelPorts) {
    for (const version of ['1', '2', '1.0', '10']) {
      const args = `api.version=${version}&user=alice`;
      for (const bytes of [
        request(`GET /json-api/suspendacct?${args}`, [as('admin')]),
        post('/json-api/suspendacct', form, args, [as('admin')]),
        post('/json-api/suspendacct', 'application/json', `{"api.version":${version}}`, [
          as('admin'),
        ]),
      ]) {
        assert.equal((await server.send(port, bytes)).body, v1('suspendacct'));
      }
    }
  }
});

test('the texts are those that published clients match', () => {
  const { metadata, error } = JSON.parse(v0('suspendacct'));
  assert.match(metadata.reason, /Unknown app\s+(?:\(.+\))?\s+requested/);
  assert.match(error, /Unknown App Requested/);
});

test('/json-api/ with right credentials is an unknown call, and without any is refused', async () => {
  for (const port of cpanelPorts) {
    for (const path of ['/json-api', '/json-api/']) {
      for (const method of ['GET', 'POST']) {
        const answer = await server.send(port, request(`${method} ${path}`, [as('admin')]));
        assert.deepEqual([answer.status, answer.body], [200, v0('')]);
        const refused = await server.send(port, request(`${method} ${path}`));
        assert.equal(refused.status, 403);
      }
    }
  }
});

test('a call whose arguments cannot be read is a failure in both forms', async () => {
  for (const [query, isV1] of [
    ['', false],
    ['?api.version=1', true],
  ] as const) {
    const bytes = post(`/json-api/suspendacct${query}`, 'application/json', '{', [as('admin')]);
    const { body } = await server.send(2087, bytes);
    const answer = JSON.parse(body);
    assert.equal(answer.metadata.result, 0);
    assert.equal(answer.metadata.reason, 'The body of the request is not valid JSON.');
    const text = isV1 ? undefined : answer.metadata.reason;
    assert.deepEqual(
      [answer.status, answer.statusmsg, answer.error],
      [isV1 ? undefined : 0, text, text],
    );
  }
});

test('a method that is not served is a failure to who reads v0', async () => {
  const { status, body } = await server.send(
    2087,
    request('DELETE /json-api/suspendacct', [as('admin')]),
  );
  const answer = JSON.parse(body);
  assert.deepEqual([status, answer.status, answer.metadata.result], [405, 0, 0]);
});

test('a name is told as it was asked for and no further than a name goes', async () => {
  for (const [path, name] of [
    ['/json-api/suspend%61cct', 'suspendacct'],
    ['/json-api/a/b', 'a'],
    ['/json-api/%22x', ''],
    [`/json-api/${'x'.repeat(200)}`, 'x'.repeat(128)],
  ] as const) {
    const { body } = await server.send(2087, request(`GET ${path}`, [as('admin')]));
    assert.equal(body, v0(name));
  }
});
