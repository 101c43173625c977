import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Services } from '../../src/app.ts';
import type { Account } from '../../src/auth/account.ts';
import { createThrottle, usualLimits } from '../../src/auth/throttle.ts';
import { ftpSession, snapshot, testServices, tokenOf } from '../support/app.ts';
import { as, request, type TestServer, withServer } from '../support/http.ts';
import { until } from '../support/until.ts';

const list = '/execute/Ftp/list_sessions';
const withToken = (name: string) => `Authorization: cpanel ${name}:${tokenOf(name)}`;

/** A state that changes when a test says so, and refreshes that end when it says so. */
function changing(facts: Partial<Services> = {}) {
  const plain = testServices();
  const state = { changes: 0, accounts: plain.accounts, looks: [] as unknown[] };
  const waiting: (() => void)[] = [];
  let isHeld = false;
  const services = testServices({
    accounts: {
      find: (name) => state.accounts.find(name),
      list: () => state.accounts.list(),
      ownedBy: (name) => state.accounts.ownedBy(name),
      generation: (name) => state.accounts.generation(name),
      verify: (name, password) => state.accounts.verify(name, password),
    },
    tokens: {
      verify: (name, token) =>
        state.accounts.find(name) !== undefined && plain.tokens.verify(name, token),
    },
    sessions: {
      snapshot: async (owners) => {
        state.looks.push(owners);
        const sessions = [1001, 1002].map((ownerUid) => ftpSession({ pid: ownerUid, ownerUid }));
        return snapshot({ sessions: sessions.filter((each) => owners?.includes(each.ownerUid)) });
      },
    },
    refresh: () => (isHeld ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve()),
    revision: () => state.changes,
    ...facts,
  });
  return {
    services,
    state,
    hold: () => {
      isHeld = true;
    },
    isAsked: () => waiting.length > 0,
    asked: () => waiting.length,
    change: (accounts: Partial<Services['accounts']>) => {
      state.accounts = { ...state.accounts, ...accounts };
      state.changes += 1;
    },
    letGo: () => {
      isHeld = false;
      for (const each of waiting.splice(0)) each();
    },
  };
}

type Changing = ReturnType<typeof changing>;

/** Lets bob be known, then asks again and changes what `change` says before that is confirmed. */
async function askDuring(
  { services, state, hold, isAsked, letGo }: Changing,
  change: () => void,
  { credentials = as('bob'), target = `GET ${list}` } = {},
) {
  return await withServer(services, async (server: TestServer) => {
    assert.equal((await server.send(request(`GET ${list}`, [credentials]))).status, 200);
    state.looks.length = 0;
    hold();
    let isAnswered = false;
    const answer = server.send(request(target, [credentials])).finally(() => {
      isAnswered = true;
    });
    await until(isAsked, { what: 'the state is asked for' });
    // Whatever is done without waiting for the state is done within a few turns.
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const looks = [...state.looks];
    assert.equal(isAnswered, false, 'answered before the state was known');
    change();
    letGo();
    return { ...(await answer), looks };
  });
}

const without = (name: string, all: Services['accounts']) => ({
  find: (wanted: string) => (wanted === name ? undefined : all.find(wanted)),
  generation: (wanted: string) => (wanted === name ? undefined : all.generation(wanted)),
  verify: async (wanted: string, given: string) =>
    wanted !== name && (await all.verify(wanted, given)),
});

for (const [what, credentials] of [
  ['a password', as('bob')],
  ['a token', withToken('bob')],
] as const) {
  test(`with ${what} that is known the look and the question for the state go out together, and the answer waits for both`, async () => {
    const { status, body, looks } = await askDuring(changing(), () => {}, { credentials });
    assert.deepEqual(looks, [[1002]]);
    assert.equal(status, 200);
    assert.equal(JSON.parse(body).data.length, 1);
  });

  test(`with ${what} of an account that is removed meanwhile comes a 401 and no row`, async () => {
    const scene = changing();
    const remove = () => scene.change(without('bob', scene.state.accounts));
    const { status, body } = await askDuring(scene, remove, { credentials });
    assert.equal(status, 401);
    assert.equal(JSON.parse(body).data, null);
  });

  test(`with ${what} of an account that becomes another’s meanwhile the rows are those of what it is now`, async () => {
    const scene = changing();
    const all = scene.state.accounts;
    const become = () =>
      scene.change({
        find: (name) => {
          const found = all.find(name);
          return name === 'bob' ? ({ ...found, systemUser: 'alice' } as Account) : found;
        },
      });
    const { status, body, looks } = await askDuring(scene, become, { credentials });
    assert.deepEqual(looks, [[1002]]);
    assert.equal(status, 200);
    assert.deepEqual(
      JSON.parse(body).data.map(({ pid }: { pid: number }) => pid),
      [1001],
    );
  });
}

test('with a password that is changed meanwhile comes a 401', async () => {
  const scene = changing();
  const change = () =>
    scene.change({ generation: () => 'another', verify: async () => Promise.resolve(false) });
  assert.equal((await askDuring(scene, change)).status, 401);
});

test('HEAD waits for the state as GET does', async () => {
  const scene = changing();
  const remove = () => scene.change(without('bob', scene.state.accounts));
  const { status, looks } = await askDuring(scene, remove, { target: `HEAD ${list}` });
  assert.deepEqual(looks, [[1002]]);
  assert.equal(status, 401);
});

test('where nothing but the system’s users changes the rows are those of the uid that is his now', async () => {
  let uid = 1002;
  const systemUsers = { uidOf: async () => uid, namesOf: async () => new Map() };
  const scene = changing({ systemUsers });
  const change = () => {
    uid = 1001;
    scene.change({});
  };
  const { body, looks } = await askDuring(scene, change);
  assert.deepEqual(looks, [[1002]]);
  assert.deepEqual(
    JSON.parse(body).data.map(({ pid }: { pid: number }) => pid),
    [1001],
  );
});

test('a role that is disabled meanwhile is disabled in the answer', async () => {
  let isEnabled = true;
  const scene = changing({ roles: { isEnabled: () => isEnabled } });
  const disable = () => {
    isEnabled = false;
    scene.change({});
  };
  const { body } = await askDuring(scene, disable);
  assert.match(JSON.parse(body).errors[0], /FTP role is disabled/);
});

test('a request with a body is looked at in full before anything is said of the body', async () => {
  const scene = changing();
  const remove = () => scene.change(without('bob', scene.state.accounts));
  await withServer(scene.services, async (server) => {
    assert.equal((await server.send(request(`GET ${list}`, [as('bob')]))).status, 200);
    scene.state.looks.length = 0;
    for (const headers of [['Content-Length: 9999999'], ['Transfer-Encoding: chunked']]) {
      scene.hold();
      const answer = server.send(request(`POST ${list}`, [as('bob'), ...headers], '0\r\n\r\n'));
      await until(scene.isAsked, { what: 'the state is asked for' });
      remove();
      scene.letGo();
      assert.equal((await answer).status, 401, headers.join());
      assert.deepEqual(scene.state.looks, []);
    }
  });
});

test('many requests of one token at once are all answered, also when something has changed', async () => {
  const scene = changing({ throttle: createThrottle(usualLimits, () => 0) });
  const many = () => Array.from({ length: 40 }, () => request(`GET ${list}`, [withToken('bob')]));
  await withServer(scene.services, async (server) => {
    scene.hold();
    const answers = many().map((bytes) => server.send(bytes));
    await until(() => scene.state.looks.length > 0, { what: 'somebody is looked for' });
    scene.change({});
    scene.letGo();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    assert.deepEqual([...new Set(statuses)], [200]);
    const door = '/json-api/cpanel?cpanel_jsonapi_apiversion=3&cpanel_jsonapi_module=Ftp';
    const cold = await Promise.all(
      Array.from({ length: 40 }, () =>
        server.send(request(`GET ${door}&cpanel_jsonapi_func=list_sessions`, [withToken('bob')])),
      ),
    );
    assert.deepEqual([...new Set(cold.map(({ status }) => status))], [200]);
  });
});

test('a function that changes something does nothing before the state is known', async () => {
  for (const target of ['GET /execute/Ftp/kill_session', 'GET /Ftp/kill%5Fsession']) {
    const scene = changing();
    const remove = () => scene.change(without('bob', scene.state.accounts));
    const { status, looks } = await askDuring(scene, remove, { target });
    assert.deepEqual(looks, [], target);
    assert.equal(status, 401, target);
  }
});

test('who has to wait is told so after the state is known, also with what is right', async () => {
  const throttle = createThrottle(usualLimits, () => 0);
  const scene = changing({ throttle });
  const fail = () => {
    for (let failure = 0; failure < 5; failure += 1) {
      const begun = throttle.begin('127.0.0.1', 'bob');
      if (begun.isAllowed) begun.attempt.failed();
    }
  };
  await withServer(scene.services, async (server) => {
    for (const credentials of [as('bob'), withToken('bob'), as('bob', 'wrong')]) {
      if (credentials === as('bob')) {
        assert.equal((await server.send(request(`GET ${list}`, [credentials]))).status, 200);
        fail();
      }
      scene.state.looks.length = 0;
      scene.hold();
      const answer = server.send(request(`GET ${list}`, [credentials]));
      await until(scene.isAsked, { what: 'the state is asked for' });
      scene.letGo();
      assert.equal((await answer).status, 429);
      assert.deepEqual(scene.state.looks, []);
    }
  });
  const lines = scene.services.auditLines.filter((line) => line.includes('throttled'));
  assert.equal(lines.length, 1);
});

for (const [what, credentials] of [
  ['passwords', (given?: string) => as('bob', given)],
  ['tokens', (given = tokenOf('bob')) => `Authorization: cpanel bob:${given}`],
] as const) {
  test(`of many guesses at ${what} at once no more are looked at than one after the other`, async () => {
    const scene = changing({ throttle: createThrottle(usualLimits, () => 0) });
    await withServer(scene.services, async (server) => {
      const ask = (given?: string) => server.send(request(`GET ${list}`, [credentials(given)]));
      assert.equal((await ask()).status, 200);
      scene.state.looks.length = 0;
      scene.hold();
      const wrong = Array.from({ length: 20 }, (_, guess) => ask(`wrong${guess}`));
      await until(scene.isAsked, { what: 'the state is asked for' });
      // All of them have come in.
      await until(() => scene.asked() === 20, { what: 'all have asked for it' });
      const right = ask();
      await until(() => scene.asked() === 21, { what: 'the right one has, too' });
      scene.letGo();
      const statuses = (await Promise.all(wrong)).map(({ status }) => status);
      assert.equal(statuses.filter((status) => status === 401).length, 5);
      assert.equal(statuses.filter((status) => status === 429).length, 15);
      assert.equal((await right).status, 429);
      assert.deepEqual(scene.state.looks, []);
    });
  });
}

test('what the state was when nobody answers for it any more is no answer', async () => {
  const scene = changing();
  await withServer(scene.services, async (server) => {
    await server.send(request(`GET ${list}`, [as('bob')]));
    scene.state.looks.length = 0;
    const gone = { ...scene.services, refresh: () => Promise.reject(new Error('gone')) };
    await withServer(gone, async (other) => {
      const answer = await other.send(request(`GET ${list}`, [as('bob')]));
      assert.match(JSON.parse(answer.body).errors[0], /^Internal error/);
      assert.deepEqual(scene.state.looks, [[1002]], 'it was let pass early');
    });
  });
});
