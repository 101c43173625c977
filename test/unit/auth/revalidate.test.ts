import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Account } from '../../../src/accounts/account.ts';
import { createThrottle } from '../../../src/auth/throttle.ts';
import { defaultLimits } from '../../../src/auth/throttle-limits.ts';
import { type ResolvedScope, sessionFilter } from '../../../src/sessions/scope.ts';
import type { Services } from '../../../src/worker/app.ts';
import { basic, ftpSession, snapshot, testServices, tokenOf } from '../../support/app.ts';
import { withServer } from '../../support/http.ts';
import { until } from '../../support/until.ts';

const list = '/execute/Ftp/list_sessions';
const withToken = (name: string, token = tokenOf(name)) => `cpanel ${name}:${token}`;
const withPassword = (name: string, given?: string) => basic(name, given).authorization;

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A connection that is kept, as clients that poll have one. */
function connect(port: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    ask: async (
      authorization: string,
      { method = 'GET', path = list, headers = {}, body = '' } = {},
    ): Promise<Answer> => {
      const options = { port, agent, method, path, headers: { authorization, ...headers } };
      const sent = httpRequest(options);
      sent.end(body);
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return { status: response.statusCode ?? 0, body: await text(response) };
    },
    close: () => agent.destroy(),
  };
}

type Connection = ReturnType<typeof connect>;

/** A state that changes when a test says so, and is revalidated when it says so. */
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
      isReadOnly: () => false,
    },
    sessions: {
      snapshot: async (scope) => {
        state.looks.push(scope.kind === 'some' ? scope.uids : scope);
        const sessions = [1001, 1002].map((ownerUid) => ftpSession({ pid: ownerUid, ownerUid }));
        return snapshot({ sessions: sessions.filter(sessionFilter(scope as ResolvedScope)) });
      },
    },
    state: {
      now: () => ({ version: state.changes, asked: 0 }),
      revalidate: ({ version }) => {
        const isSame = () => version === state.changes;
        if (!isHeld) return isSame();
        return new Promise((resolve) => waiting.push(() => resolve(isSame())));
      },
    },
    ...facts,
  });
  return {
    services,
    state,
    hold: () => {
      isHeld = true;
    },
    /** Resolves when so many have asked for the state. */
    areAsking: (count: number) =>
      until(() => waiting.length === count, { what: `${count} ask for the state` }),
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

/** Serves with so many connections on each of which these credentials have been let in. */
async function withKnown<T>(
  { services, state }: Changing,
  credentials: string,
  count: number,
  use: (connections: readonly Connection[], port: number) => Promise<T>,
): Promise<T> {
  return await withServer(services, async ({ port }) => {
    const connections = Array.from({ length: count }, () => connect(port));
    try {
      for (const { ask } of connections) assert.equal((await ask(credentials)).status, 200);
      state.looks.length = 0;
      return await use(connections, port);
    } finally {
      for (const { close } of connections) close();
    }
  });
}

/** Whatever is done without waiting for the state is done within a few turns. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
}

/** Asks on a connection that is known, and changes what `change` says before that is revalidated. */
async function askDuring(
  scene: Changing,
  change: () => void,
  { credentials = withPassword('bob'), ...rest }: { credentials?: string } & AskOptions = {},
) {
  return await withKnown(scene, credentials, 1, async ([connection]) => {
    assert.ok(connection);
    scene.hold();
    let isAnswered = false;
    const answer = connection.ask(credentials, rest).finally(() => {
      isAnswered = true;
    });
    await scene.areAsking(1);
    await someTurns();
    const looks = [...scene.state.looks];
    assert.equal(isAnswered, false, 'answered before the state was known');
    change();
    scene.letGo();
    return { ...(await answer), looks };
  });
}

type AskOptions = Parameters<Connection['ask']>[1];

const without = (name: string, all: Services['accounts']) => ({
  find: (wanted: string) => (wanted === name ? undefined : all.find(wanted)),
  generation: (wanted: string) => (wanted === name ? undefined : all.generation(wanted)),
  verify: async (wanted: string, given: string) =>
    wanted !== name && (await all.verify(wanted, given)),
});

/** What makes bob's account another one. */
const changeBob = (scene: Changing, facts: Partial<Account>) => () => {
  const { find } = scene.state.accounts;
  scene.change({
    find: (name) => {
      const found = find(name);
      return found !== undefined && name === 'bob' ? { ...found, ...facts } : found;
    },
  });
};

const removeBob = (scene: Changing) => () => scene.change(without('bob', scene.state.accounts));
const pidsIn = (body: string) => JSON.parse(body).data.map(({ pid }: { pid: number }) => pid);

for (const [what, credentials] of [
  ['a password', withPassword('bob')],
  ['a token', withToken('bob')],
] as const) {
  test(`with ${what} that is known the scan and the question for the state go out together, and the answer waits for both`, async () => {
    const { status, body, looks } = await askDuring(changing(), () => {}, { credentials });
    assert.deepEqual(looks, [[1002]]);
    assert.equal(status, 200);
    assert.deepEqual(pidsIn(body), [1002]);
  });

  test(`with ${what} of an account that is removed meanwhile comes a 401 and no row`, async () => {
    const scene = changing();
    const { status, body, looks } = await askDuring(scene, removeBob(scene), { credentials });
    assert.deepEqual(looks, [[1002]]);
    assert.equal(status, 401);
    assert.equal(JSON.parse(body).data, null);
  });

  test(`with ${what} of an account that becomes another’s meanwhile the rows are those of what it is now`, async () => {
    const scene = changing();
    const become = changeBob(scene, { systemUser: 'alice' });
    const { status, body, looks } = await askDuring(scene, become, { credentials });
    assert.deepEqual(looks, [[1002]]);
    assert.equal(status, 200);
    assert.deepEqual(pidsIn(body), [1001]);
  });

  test(`${what} that is right is held against the throttle first on every connection, known or not`, async () => {
    const throttle = createThrottle(defaultLimits, () => 0);
    const asked: string[] = [];
    const scene = changing({
      throttle: {
        ...throttle,
        allows: (address, account) => {
          asked.push(`${account} after ${scene.state.looks.length} looks`);
          return throttle.allows(address, account);
        },
      },
    });
    await withKnown(scene, credentials, 1, async ([known], port) => {
      const other = connect(port);
      asked.length = 0;
      for (const [looks, { ask }] of [known, other]
        .filter((each) => each !== undefined)
        .entries()) {
        scene.hold();
        const answer = ask(credentials);
        await scene.areAsking(1);
        await someTurns();
        assert.equal(asked[looks], `bob after ${looks} looks`);
        assert.equal(scene.state.looks.length, looks + 1);
        scene.letGo();
        assert.equal((await answer).status, 200);
      }
      other.close();
    });
  });

  test(`many requests with ${what} at once are all answered, also when something has changed`, async () => {
    const scene = changing({ throttle: createThrottle(defaultLimits, () => 0) });
    await withKnown(scene, credentials, 40, async (connections, port) => {
      scene.hold();
      const answers = connections.map(({ ask }) => ask(credentials));
      await scene.areAsking(40);
      scene.change({});
      scene.letGo();
      for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
      const cold = Array.from({ length: 40 }, () => connect(port));
      const path = '/json-api/cpanel?cpanel_jsonapi_apiversion=3&cpanel_jsonapi_module=Ftp';
      const func = '&cpanel_jsonapi_func=list_sessions';
      const asked = cold.map(({ ask }) => ask(credentials, { path: path + func }));
      for (const { status } of await Promise.all(asked)) assert.equal(status, 200);
      for (const { close } of cold) close();
    });
  });
}

test('on a connection that is known each request is let in by what it shows itself', async () => {
  const scene = changing();
  await withKnown(scene, withPassword('bob'), 1, async ([known]) => {
    const [bobs, alices, none] = [[[1002]], [[1001]], []];
    for (const [shown, looks, status] of [
      [withPassword('bob', 'wrong'), none, 401],
      [withPassword('bob').replace('Basic', 'basic'), bobs, 200],
      [withToken('bob'), bobs, 200],
      [withToken('bob', 'wrong'), none, 401],
      [withToken('alice'), alices, 200],
      // Not remembered, so it is verified, after the state is known.
      [withPassword('alice'), none, 200],
      [withPassword('alice'), alices, 200],
    ] as const) {
      scene.state.looks.length = 0;
      scene.hold();
      const answer = known?.ask(shown);
      await scene.areAsking(1);
      await someTurns();
      assert.deepEqual(scene.state.looks, looks, shown);
      scene.letGo();
      assert.equal((await answer)?.status, status);
    }
  });
});

test('what came through a proxy is let in by what it shows itself, whoever came before it', async () => {
  for (const name of ['X-Forwarded-For', 'Forwarded', 'Via']) {
    const scene = changing();
    const headers = { [name]: '1.1 proxy' };
    await withKnown(scene, withPassword('bob'), 1, async ([known]) => {
      const alices = await known?.ask(withToken('alice'), { headers });
      assert.deepEqual(pidsIn(alices?.body ?? ''), [1001], name);
      scene.state.looks.length = 0;
      const guess = await known?.ask(withPassword('bob', 'wrong'), { headers });
      assert.deepEqual([guess?.status, scene.state.looks], [401, []], name);
    });
  }
});

test('with a password that is changed meanwhile comes a 401', async () => {
  const scene = changing();
  const change = () => scene.change({ generation: () => 'another', verify: async () => false });
  assert.equal((await askDuring(scene, change)).status, 401);
});

test('a password that this process did not know of yet lets in at once, and the old one no more', async () => {
  const scene = changing();
  const all = scene.state.accounts;
  await withKnown(scene, withPassword('bob'), 1, async ([known]) => {
    scene.hold();
    const answer = known?.ask(withPassword('bob', 'new'));
    await scene.areAsking(1);
    scene.change({
      generation: (name) => (name === 'bob' ? 'new' : all.generation(name)),
      verify: async (name, given) => name === 'bob' && given === 'new',
    });
    scene.letGo();
    assert.equal((await answer)?.status, 200);
    assert.equal((await known?.ask(withPassword('bob')))?.status, 401);
  });
  const refusals = scene.services.auditLines.filter((line) => line.includes('access-refused'));
  assert.equal(refusals.length, 1, 'of the old one alone');
});

test('a token that this process did not know of yet lets in however many requests at once', async () => {
  let isKnown = false;
  const scene = changing({
    throttle: createThrottle(defaultLimits, () => 0),
    tokens: {
      verify: (name, token) => name === 'bob' && token === 'new' && isKnown,
      isReadOnly: () => false,
    },
  });
  await withServer(scene.services, async ({ port }) => {
    const connections = Array.from({ length: 40 }, () => connect(port));
    scene.hold();
    const answers = connections.map(({ ask }) => ask(withToken('bob', 'new')));
    await scene.areAsking(40);
    isKnown = true;
    scene.change({});
    scene.letGo();
    for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
    for (const { close } of connections) close();
  });
  assert.deepEqual(scene.services.auditLines, []);
});

test('one that joins an attempt of before a change is not refused by what was before it', async () => {
  const held: ((isRight: boolean) => void)[] = [];
  const scene = changing();
  const all = scene.state.accounts;
  const verify = () => new Promise<boolean>((resolve) => held.push(resolve));
  scene.state.accounts = { ...all, verify };
  await withServer(scene.services, async ({ port }) => {
    const [first, second] = [connect(port), connect(port)];
    const early = first.ask(withPassword('bob', 'new'));
    await until(() => held.length === 1, { what: 'it is verified' });
    scene.hold();
    const late = second.ask(withPassword('bob', 'new'));
    await setTimeout(50);
    scene.change({ generation: () => 'new', verify: async (_name, given) => given === 'new' });
    held[0]?.(false);
    assert.equal((await early).status, 401);
    await scene.areAsking(1);
    scene.letGo();
    assert.equal((await late).status, 200);
    for (const { close } of [first, second]) close();
  });
});

test('HEAD waits for the state as GET does', async () => {
  const scene = changing();
  const { status, looks } = await askDuring(scene, removeBob(scene), { method: 'HEAD' });
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
  assert.deepEqual(pidsIn(body), [1001]);
});

test('a role that is disabled meanwhile is disabled in the answer', async () => {
  let isEnabled = true;
  const scene = changing({ roles: { isEnabled: () => isEnabled } });
  const disable = () => {
    isEnabled = false;
    scene.change({});
  };
  const { body, looks } = await askDuring(scene, disable);
  assert.deepEqual(looks, [[1002]]);
  assert.match(JSON.parse(body).errors[0], /FTP role is disabled/);
});

test('a request with a body is looked at in full before anything is said of the body', async () => {
  for (const headers of [{ 'Content-Length': '3' }, { 'Transfer-Encoding': 'chunked' }]) {
    const scene = changing();
    const request = { method: 'POST', headers, body: 'a=1' };
    const { status, looks } = await askDuring(scene, removeBob(scene), request);
    assert.deepEqual(looks, [], JSON.stringify(headers));
    assert.equal(status, 401);
  }
});

test('a function that changes something does nothing before the state is known', async () => {
  for (const path of ['/execute/Ftp/kill_session', '/Ftp/kill%5Fsession']) {
    const scene = changing();
    const { status, looks } = await askDuring(scene, removeBob(scene), { path });
    assert.deepEqual(looks, [], path);
    assert.equal(status, 401, path);
  }
});

const cpanelApi = (...more: readonly string[]) =>
  `/json-api/cpanel?${['cpanel_jsonapi_apiversion=3', 'cpanel_jsonapi_module=Ftp', ...more].join('&')}`;
const uapiCpanel = (...more: readonly string[]) =>
  `/json-api/uapi_cpanel?${['cpanel.user=bob', 'cpanel.module=Ftp', ...more].join('&')}`;

for (const [path, credentials] of [
  [cpanelApi('cpanel_jsonapi_func=list_sessions'), withPassword('bob')],
  [
    '/json-api/cpanel?cpanel_jsonapi_module=Ftp&cpanel_jsonapi_func=listftpsessions',
    withPassword('bob'),
  ],
  [uapiCpanel('cpanel.function=list_sessions'), withPassword('admin')],
] as const) {
  test(`where arguments name a function that changes nothing its scan goes out with the question for the state: ${path}`, async () => {
    const { status, body, looks } = await askDuring(changing(), () => {}, { credentials, path });
    assert.deepEqual([status, looks], [200, [[1002]]]);
    assert.match(body, /1002/);
  });

  test(`where arguments name a function all that was found of the account is found again: ${path}`, async () => {
    const scene = changing();
    const become = changeBob(scene, { systemUser: 'alice' });
    const { body } = await askDuring(scene, become, { credentials, path });
    assert.match(body, /1001/);
    assert.doesNotMatch(body, /1002/);
  });
}

test('an administrator’s call for an account that is removed meanwhile gives no row', async () => {
  const scene = changing();
  const path = uapiCpanel('cpanel.function=list_sessions');
  const credentials = withPassword('admin');
  const { body } = await askDuring(scene, removeBob(scene), { credentials, path });
  assert.doesNotMatch(body, /100[12]/);
  assert.match(body, /User parameter is invalid/);
});

test('nobody is refused an administrator’s call by what has changed meanwhile', async () => {
  const scene = changing();
  const become = changeBob(scene, { role: 'reseller' });
  const path = uapiCpanel('cpanel.function=list_sessions');
  assert.equal((await askDuring(scene, become, { path })).status, 200);
  assert.equal((await askDuring(changing(), () => {}, { path })).status, 403);
});

for (const path of [
  cpanelApi('cpanel_jsonapi_func=kill_session'),
  cpanelApi('cpanel_jsonapi_func=list_sessions', 'cpanel_jsonapi_func=kill_session'),
  cpanelApi('cpanel_jsonapi_func=kill_session', 'cpanel_jsonapi_func=nothing'),
  uapiCpanel('cpanel.function=list_sessions', 'cpanel.function=kill_session'),
]) {
  test(`where arguments name no function that surely changes nothing the state is known first: ${path}`, async () => {
    const scene = changing();
    const { status, looks } = await askDuring(scene, removeBob(scene), { path });
    assert.deepEqual([status, looks], [403, []]);
  });
}

test('who has to wait is told so after the state is known, also with what is known', async () => {
  const throttle = createThrottle(defaultLimits, () => 0);
  const scene = changing({ throttle });
  await withKnown(scene, withPassword('bob'), 1, async ([known]) => {
    for (let failure = 0; failure < 5; failure += 1) {
      const begun = throttle.begin('127.0.0.1', 'bob');
      if (begun.isAllowed) begun.attempt.failed();
    }
    for (const credentials of [withPassword('bob'), withPassword('bob', 'wrong')]) {
      scene.hold();
      const answer = known?.ask(credentials);
      await scene.areAsking(1);
      await someTurns();
      assert.deepEqual(scene.state.looks, []);
      scene.letGo();
      assert.equal((await answer)?.status, 429);
    }
  });
  const lines = scene.services.auditLines.filter((line) => line.includes('throttled'));
  assert.equal(lines.length, 1);
});

for (const [what, credentials] of [
  ['passwords', withPassword],
  ['tokens', withToken],
] as const) {
  test(`of many guesses at ${what} at once no more are looked at than one after the other`, async () => {
    const scene = changing({ throttle: createThrottle(defaultLimits, () => 0) });
    await withKnown(scene, credentials('bob'), 1, async (_connections, port) => {
      const guessers = Array.from({ length: 21 }, () => connect(port));
      scene.hold();
      const answers: Promise<Answer>[] = [];
      // The right one comes last.
      for (const [index, { ask }] of guessers.entries()) {
        answers.push(ask(credentials('bob', index < 20 ? `wrong${index}` : undefined)));
        await scene.areAsking(index + 1);
      }
      await someTurns();
      assert.deepEqual(scene.state.looks, []);
      scene.letGo();
      const statuses = (await Promise.all(answers)).map(({ status }) => status);
      // A token is verified at once, so five have failed when the sixth comes; a password takes time.
      assert.deepEqual(statuses, [...Array(5).fill(401), ...Array(16).fill(429)]);
      for (const { close } of guessers) close();
    });
  });
}

test('where nobody answers for the state any more there is no answer, and nothing breaks', async () => {
  let isGone = false;
  const scene = changing({
    state: {
      now: () => ({ version: 0, asked: 0 }),
      revalidate: () => (isGone ? Promise.reject(new Error('gone')) : true),
    },
    sessions: {
      snapshot: async () => {
        scene.state.looks.push('looked');
        await setTimeout(20);
        return snapshot();
      },
    },
  });
  await withKnown(scene, withPassword('bob'), 1, async ([known]) => {
    isGone = true;
    const answer = await known?.ask(withPassword('bob'));
    assert.match(JSON.parse(answer?.body ?? '').errors[0], /^Internal error/);
    assert.deepEqual(scene.state.looks, ['looked'], 'it was let pass by the copy');
  });
});
