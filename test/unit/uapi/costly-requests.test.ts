import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveWorker } from '../../../src/channel/serve-requests.ts';
import { createVersionedValue } from '../../../src/lib/versioned-value.ts';
import { readProcessStats } from '../../../src/os/process-stats.ts';
import { createEndingCounts } from '../../../src/sessions/count-endings.ts';
import { maxScopeEntries, ofUids } from '../../../src/sessions/scope.ts';
import { fleetFunctions } from '../../../src/uapi/fleet-functions.ts';
import { functions } from '../../../src/uapi/functions.ts';
import { snapshot, testServices } from '../../support/app.ts';
import { noHistory } from '../../support/history-lines.ts';
import { as, post, request, type TestServer, withServer } from '../../support/http.ts';
import { noKeptLogins } from '../../support/no-kept-logins.ts';
import { relayOf } from '../../support/relay.ts';
import { connectWorker } from '../../support/worker-client.ts';
import { channelPair } from '../channel/channel.ts';

const path = '/execute/Ftp/list_sessions';

/** What a request may block the process for; each of these took seconds or minutes once. */
async function assertQuick(what: string, send: () => Promise<unknown>): Promise<void> {
  const begun = process.cpuUsage();
  await send();
  const { user, system } = process.cpuUsage(begun);
  assert.ok((user + system) / 1000 < 2000, `${what}: ${(user + system) / 1000} ms`);
}

test('a term of a megabyte of digits is compared in no time', async () => {
  await withServer(testServices(), async (server) => {
    for (const type of ['eq', 'ne', 'lt', 'gt', '==', 'lt_handle_unlimited']) {
      const form = `api.filter_column=pid&api.filter_type=${type}&api.filter_term=${'1'.repeat(900_000)}x`;
      const bytes = post(path, 'application/x-www-form-urlencoded', form, [as('admin')]);
      await assertQuick(type, () => server.send(bytes));
    }
  });
});

test('a header of blanks is refused in no time', async () => {
  await withServer(testServices(), async (server) => {
    const blanks = ' '.repeat(15_000);
    await assertQuick('forty headers', async () => {
      for (let time = 0; time < 20; time += 1) {
        for (const text of [`cpanel ${blanks}x`, `cpanel a:${blanks}x`]) {
          const answer = await server.send(request(`GET ${path}`, [`Authorization: ${text}`]));
          assert.equal(answer.status, 401);
        }
      }
    });
  });
});

test('expressions that fold all of Unicode are refused together, not one by one', async () => {
  const term = encodeURIComponent(`(?i)[${'b-\\x{1e943}'.repeat(80)}]`);
  const filters = Array.from(
    { length: 64 },
    (_, i) =>
      `api.filter_column_${i}=user&api.filter_type_${i}=matches&api.filter_term_${i}=${term}`,
  ).join('&');
  await withServer(testServices(), async (server) => {
    const bytes = post(path, 'application/x-www-form-urlencoded', filters, [as('admin')]);
    await assertQuick('64 filters', async () => {
      const answer = await server.send(bytes);
      assert.match(answer.body, /api\.filter_term_0 is too large/);
    });
  });
});

const formType = 'application/x-www-form-urlencoded';
const megabyte = 1024 * 1024 - 64;
const plainBody: [type: string, body: string] = [formType, `a=${'x'.repeat(megabyte)}`];
const tooMany = 'A call may have 1000 arguments, and this one has more.';
const costlyBodies: [what: string, type: string, body: string, error: string | null][] = [
  ['blanks in a form', formType, `a=${'+'.repeat(megabyte)}`, null],
  ['arguments of a form', formType, 'a&'.repeat(megabyte / 2), tooMany],
  ['nested JSON', 'application/json', '['.repeat(megabyte), tooMany],
  ['arguments in JSON', 'application/json', `{${'"a":1,'.repeat(megabyte / 7)}"b":1}`, tooMany],
  [
    'fields of a multipart body',
    'multipart/form-data; boundary=x',
    `${'--x\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n'.repeat(megabyte / 60)}--x--`,
    tooMany,
  ],
];

/** What a body costs the process, in milliseconds of the processor, the best of three. */
async function bodyCost(server: TestServer, type: string, body: string, error: string | null) {
  const costs: number[] = [];
  const bytes = post(path, type, body, [as('admin')]);
  for (let time = 0; time < 3; time += 1) {
    const begun = process.cpuUsage();
    const answer = await server.send(bytes);
    const { user, system } = process.cpuUsage(begun);
    costs.push((user + system) / 1000);
    assert.equal(JSON.parse(answer.body).errors?.[0] ?? null, error);
  }
  return Math.min(...costs);
}

test('a body of a megabyte costs a few times what one plain value of that size does', async (t) => {
  await withServer(testServices(), async (server) => {
    for (const [what, type, body, error] of costlyBodies) {
      const cost = await bodyCost(server, type, body, error);
      const plain = await bodyCost(server, ...plainBody, null);
      t.diagnostic(`${what}: ${(cost / plain).toFixed(1)} times`);
      assert.ok(cost < 8 * plain, `${what}: ${cost} ms, a plain one ${plain} ms`);
    }
  });
});

test('a thousand arguments are read, in every form', async () => {
  const names = Array.from({ length: 999 }, (_, index) => `a${index}`);
  const multipart = names.map(
    (name) => `--x\r\ncontent-disposition: form-data; name=${name}\r\n\r\n,{[&\r\n`,
  );
  const bodies: [type: string, body: string][] = [
    [formType, names.map((name) => `${name}=+`).join('&')],
    ['application/json', JSON.stringify(Object.fromEntries(names.map((name) => [name, ',{[\\"'])))],
    ['multipart/form-data; boundary=x', `${multipart.join('')}--x--`],
  ];
  await withServer(testServices(), async (server) => {
    for (const [type, body] of bodies) {
      const answer = await server.send(post(path, type, body, [as('admin')]));
      assert.equal(JSON.parse(answer.body).status, 1, answer.body);
    }
  });
});

test('names of a megabyte make a log line of a few hundred bytes', async () => {
  const services = testServices();
  await withServer(services, async (server) => {
    const form = `cpanel_jsonapi_apiversion=3&cpanel_jsonapi_func=${'A'.repeat(900_000)}`;
    const type = 'application/x-www-form-urlencoded';
    await server.send(post('/json-api/cpanel', type, form, [as('alice')]));
  });
  for (const line of services.log) assert.ok(line.length < 1000);
});

test('a reseller’s ten thousand accounts are asked for at once, and more are an error', async () => {
  const [httpEnd, monitorEnd] = channelPair();
  const faults: string[] = [];
  serveWorker(
    monitorEnd,
    {
      snapshots: relayOf({ snapshot: async () => snapshot() }),
      ender: { end: async () => [] },
      state: createVersionedValue(() => null),
      keyPair: createVersionedValue(() => null),
      logins: noKeptLogins,
      history: noHistory,
      checkPassword: async () => false,
      processStats: async () => ({
        monitor: readProcessStats(),
        scanner: null,
        endings: createEndingCounts(),
      }),
    },
    {
      onEvent: () => {},
      onFault: (reason) => faults.push(reason),
      onInternalError: (error) => faults.push(String(error)),
    },
  );
  const { sessions } = connectWorker(httpEnd);
  const owners = Array.from({ length: maxScopeEntries }, (_, i) => 4_000_000_000 + i);
  assert.deepEqual(await sessions.snapshot(ofUids(owners)), snapshot());
  await assert.rejects(sessions.snapshot(ofUids([...owners, 1])), /10000 at most/);

  const count = maxScopeEntries + 1;
  const [owner, systemUser] = [testServices().accounts.find('alice'), (i: number) => `user${i}`];
  assert.ok(owner);
  const owned = Array.from({ length: count }, (_, i) => ({ ...owner, systemUser: systemUser(i) }));
  const services = testServices({ sessions });
  const { accounts, systemUsers } = services;
  const many = {
    ...services,
    accounts: { ...accounts, ownedBy: () => owned },
    systemUsers: { ...systemUsers, uidOf: async (name: string) => Number(name.slice(4)) + 2_000 },
  };
  await withServer(many, async (server) => {
    for (const name of ['list_sessions', 'list_transfers', 'kill_session']) {
      const bytes = request(`GET /execute/Ftp/${name}`, [as('rita')]);
      const { errors, metadata, status } = JSON.parse((await server.send(bytes)).body);
      assert.equal(status, 0, name);
      assert.match(errors[0], /^The account stands for too many system users.*10000 at most/, name);
      assert.deepEqual(metadata.error_codes, ['scope-too-large'], name);
    }
  });
  assert.deepEqual(
    services.log.filter((line) => line.includes('failed inside')),
    [],
  );
  assert.deepEqual(faults, []);
});

test('an account with too many system users on one host of a fleet is told so, and no host is asked', async () => {
  const owner = testServices().accounts.find('alice');
  assert.ok(owner);
  const placedOn = (host: (i: number) => string) =>
    Array.from({ length: maxScopeEntries + 1 }, (_, i) => ({
      ...owner,
      placements: [{ host: host(i), systemUser: `user${i}` }],
    }));
  let asked = 0;
  const services = testServices({
    functions: fleetFunctions(functions),
    fleet: {
      servers: () => ['web1', 'web2'],
      states: async () => [],
      count: () => assert.fail('nobody counts'),
    },
    sessions: {
      snapshot: async () => {
        asked += 1;
        return snapshot();
      },
    },
  });
  const ask = (owned: ReturnType<typeof placedOn>, name: string) =>
    withServer({ ...services, accounts: { ...services.accounts, ownedBy: () => owned } }, (at) =>
      at.send(request(`GET /execute/Ftp/${name}`, [as('rita')])),
    );
  const onOne = placedOn(() => 'web1');
  for (const name of ['list_sessions', 'list_transfers']) {
    const { body } = await ask(onOne, name);
    const { metadata } = JSON.parse(body);
    assert.deepEqual(metadata.error_codes, ['scope-too-large'], name);
  }
  assert.equal(asked, 0);
  const onTwo = placedOn((i) => `web${1 + (i % 2)}`);
  const { body } = await ask(onTwo, 'list_sessions');
  assert.deepEqual([JSON.parse(body).status, asked], [1, 1]);
});
