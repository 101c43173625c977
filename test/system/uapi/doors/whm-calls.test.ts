import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { after, before, test } from 'node:test';
import { version } from '../../../../src/lib/version.ts';
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

const entry = (user: string, owner: string | null = null) =>
  `{"user":"${user}","owner":${JSON.stringify(owner)},"domain":null,"ip":null,"plan":null,"suspended":null,"suspendreason":null,"suspendtime":null,"startdate":null,"diskused":null,"disklimit":null,"backup":null}`;
const everybody = [
  entry('alice', 'rita'),
  ...['bob', 'ghost', 'rita', 'plain'].map((name) => entry(name)),
];
const ritas = [entry('rita'), entry('alice', 'rita')];
const acct = (entries: readonly string[]) => `"acct":[${entries.join(',')}]`;
const apps =
  '"app":["accountsummary","applist","cpanel","create_user_session","gethostname","listaccts","uapi_cpanel","version"]';

/** By caller: name, arguments, what is in the data, and what v0 puts before it. */
const lists = '"status":1,"statusmsg":"Ok",';
const calls: [caller: string, name: string, args: string, data: string, v0: string][] = [
  ['admin', 'version', '', `"version":"${version}"`, ''],
  ['admin', 'gethostname', '', `"hostname":${JSON.stringify(hostname())}`, ''],
  ['admin', 'applist', '', apps, ''],
  ['admin', 'listaccts', '', acct(everybody), lists],
  ['admin', 'accountsummary', 'user=bob', acct([entry('bob')]), lists],
  ['rita', 'version', '', `"version":"${version}"`, ''],
  ['rita', 'listaccts', '', acct(ritas), lists],
  ['rita', 'accountsummary', 'user=alice', acct([entry('alice', 'rita')]), lists],
];
for (const [caller, name, args, data, before] of calls) {
  test(`${name} for ${caller}, in both forms, by GET and POST, on all four ports`, async () => {
    const v1 = `{"data":{${data}},"metadata":{"command":"${name}","reason":"OK","result":1,"version":1}}`;
    const form = 'application/x-www-form-urlencoded';
    for (const port of cpanelPorts) {
      for (const [versioned, expected] of [
        ['', `{${before}${data}}`],
        ['&api.version=1', v1],
        ['&api.version=2', v1],
      ] as const) {
        const all = `${args}${versioned}`;
        const token = `Authorization: whm ${caller}:${tokenOf(caller)}`;
        for (const bytes of [
          request(`GET /json-api/${name}?${all}`, [token]),
          request(`GET /json-api/${name}/?${all}`, [as(caller)]),
          post(`/json-api/${name}`, form, all, [token]),
        ]) {
          const { status, body } = await server.send(port, bytes);
          assert.deepEqual([status, body], [200, expected]);
        }
      }
    }
  });
}

const noAccount = 'Account does not exist';
test('accountsummary of nobody, and of somebody who is not the reseller’s, is one and the same failure', async () => {
  const metadata = `"metadata":{"command":"accountsummary","reason":"${noAccount}","result":0,"version":1}`;
  for (const port of administratorPorts) {
    for (const [caller, user] of [
      ['admin', 'nobody'],
      ['admin', 'admin'],
      ['admin', ''],
      ['rita', 'bob'],
      ['rita', 'nobody'],
    ] as const) {
      const target = `/json-api/accountsummary?user=${user}`;
      const send = async (query: string) =>
        (await server.send(port, request(`GET ${target}${query}`, [as(caller)]))).body;
      assert.equal(
        await send(''),
        `{${metadata},"status":0,"statusmsg":"${noAccount}","error":"${noAccount}","acct":null}`,
      );
      assert.equal(await send('&api.version=1'), `{${metadata}}`);
    }
  }
});

test('listaccts with a search is a failure, and no list of all', async () => {
  const bytes = request('GET /json-api/listaccts?search=bob&searchtype=user', [as('admin')]);
  const { status, acct: found } = JSON.parse((await server.send(2087, bytes)).body);
  assert.deepEqual([status, found], [0, null]);
});

test('they are for administrators and resellers with right credentials alone', async () => {
  for (const port of cpanelPorts) {
    for (const name of ['version', 'gethostname', 'applist', 'listaccts', 'accountsummary']) {
      for (const headers of [[], [as('admin', 'wrong')], [as('alice')]]) {
        const { status, body } = await server.send(port, request(`GET /json-api/${name}`, headers));
        assert.equal(status, 403);
        assert.match(body, /^{"cpanelresult":.*Access denied/);
      }
    }
  }
});
