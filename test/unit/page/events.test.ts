import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountRole } from '../../../src/accounts/account.ts';
import { createLoginSessions, type LoginSessions } from '../../../src/auth/login-sessions.ts';
import type { SessionSource } from '../../../src/sessions/session.ts';
import type { Services } from '../../../src/worker/app.ts';
import { basic, ftpSession, password, snapshot, testServices, tokenOf } from '../../support/app.ts';
import { type EventReader, readEvents } from '../../support/event-source.ts';
import { post, request, startServer, type TestServer } from '../../support/http.ts';
import { twoSessions } from '../../support/http-sessions.ts';
import { startPatience } from '../../support/patience.ts';
import { until } from '../../support/until.ts';

interface Login {
  readonly prefix: string;
  readonly cookie: string;
}

async function start(t: TestContext, facts: Partial<Services> = {}) {
  const server = await startServer(testServices({ sessions: twoSessions, ...facts }));
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    await server.close();
  };
  t.after(close);
  return { server, close };
}

async function logIn(server: TestServer, user: string): Promise<Login> {
  const form = new URLSearchParams({ user, pass: password }).toString();
  const type = 'application/x-www-form-urlencoded';
  const answer = await server.send(post('/login/?login_only=1', type, form));
  const cookie = answer.header('set-cookie')?.split(';')[0] ?? '';
  return { prefix: JSON.parse(answer.body).security_token, cookie };
}

async function watch(t: TestContext, server: TestServer, { prefix, cookie }: Login) {
  const reader = await readEvents(server.port, `${prefix}/events`, { cookie });
  t.after(reader.close);
  return reader;
}

const byToken = (name: string) => ({ authorization: `cpanel ${name}:${tokenOf(name)}` });

/** Opens the stream as a program does. */
async function open(t: TestContext, server: TestServer, headers: Record<string, string>) {
  const reader = await readEvents(server.port, '/events', headers);
  t.after(reader.close);
  return reader;
}

async function firstResult(reader: EventReader) {
  return (await until(() => reader.last('sessions'), { what: 'the first sessions' })) as {
    data: { pid: number }[] | null;
    errors: string[] | null;
    warnings: string[] | null;
    status: number;
  };
}

const pidsIn = ({ data }: { data: { pid: number }[] | null }) => data?.map(({ pid }) => pid);

/** A source that counts, in place of a host. */
function counted(source: SessionSource = twoSessions) {
  const looks: unknown[] = [];
  const sessions: SessionSource = {
    snapshot: (scope) => {
      looks.push(scope);
      return source.snapshot(scope);
    },
  };
  return { looks, sessions };
}

test('a login is told who it is and its own sessions, an admin all, as the function answers', async (t) => {
  const { server } = await start(t);
  for (const [user, role, pids] of [
    ['alice', 'user', [6735]],
    ['admin', 'admin', [6735, 7001]],
  ] as const) {
    const login = await logIn(server, user);
    const reader = await watch(t, server, login);
    const told = await firstResult(reader);
    assert.deepEqual(reader.events[0], { event: 'account', data: { name: user, role } });
    assert.deepEqual(pidsIn(told), pids);
    const { body } = await server.send(
      request(`GET ${login.prefix}/execute/Ftp/list_transfers`, [`Cookie: ${login.cookie}`]),
    );
    const answer = JSON.parse(body);
    for (const [index, row] of (told.data ?? []).entries()) {
      const { [index]: whole } = answer.data;
      for (const [name, value] of Object.entries(row)) assert.deepEqual(value, whole[name], name);
    }
    assert.equal(told.status, 1);
  }
});

test('is an event stream that nobody keeps', async (t) => {
  const { server } = await start(t);
  const { response } = await watch(t, server, await logIn(server, 'alice'));
  assert.equal(response.statusCode, 200);
  assert.match(response.headers['content-type'] ?? '', /^text\/event-stream/);
  assert.equal(response.headers['cache-control'], 'no-store');
});

test('a token or a password will do, and of a login cookie and security token together', async (t) => {
  const { server } = await start(t);
  const [mine, other] = [await logIn(server, 'alice'), await logIn(server, 'bob')];
  const status = async (path: string, headers: Record<string, string>) => {
    const reader = await readEvents(server.port, path, headers);
    reader.close();
    return reader.response.statusCode;
  };
  for (const [path, headers, expected] of [
    ['/events', basic('alice'), 200],
    ['/events', byToken('alice'), 200],
    [`${mine.prefix}/events`, { cookie: mine.cookie }, 200],
    ['/events', {}, 401],
    ['/events', basic('alice', 'wrong'), 401],
    ['/events', { authorization: 'cpanel alice:wrong' }, 401],
    ['/events', { cookie: mine.cookie }, 401],
    [`${mine.prefix}/events`, {}, 401],
    [`${other.prefix}/events`, { cookie: mine.cookie }, 401],
    // A password that the browser remembers does not stand in for a login that is not there.
    [`${other.prefix}/events`, { cookie: mine.cookie, ...basic('alice') }, 401],
  ] as const) {
    assert.equal(await status(path, headers), expected, `${path} ${JSON.stringify(headers)}`);
  }
});

test('whoever comes with a token is told the account’s own sessions and no other’s', async (t) => {
  const { server } = await start(t);
  for (const [headers, pids] of [
    [byToken('alice'), [6735]],
    [byToken('bob'), [7001]],
    [basic('bob'), [7001]],
    [{ authorization: `whm admin:${tokenOf('admin')}` }, [6735, 7001]],
  ] as const) {
    assert.deepEqual(pidsIn(await firstResult(await open(t, server, headers))), pids);
  }
});

test('a token that may only read will do, from the addresses that it is for', async (t) => {
  let from = '127.0.0.1';
  const tokens = {
    verify: (_name: string, _token: string, address?: string) => address === from,
    isReadOnly: () => true,
  };
  const { server } = await start(t, { tokens });
  const reader = await open(t, server, byToken('alice'));
  assert.equal((await firstResult(reader)).status, 1);
  from = '192.0.2.1';
  await reader.ended();
  assert.equal(reader.events.at(-1)?.event, 'over');
  assert.equal((await open(t, server, byToken('alice'))).response.statusCode, 401);
});

test('a reader that comes back with the id of what it has is told nothing until that changes', async (t) => {
  let file = 'a';
  const sessions: SessionSource = {
    snapshot: async () => snapshot({ sessions: [ftpSession({ file }), ftpSession({ pid: 2 })] }),
  };
  const { server } = await start(t, { sessions });
  const first = await open(t, server, byToken('alice'));
  await firstResult(first);
  const ids = first.events.map(({ id }) => id);
  assert.equal(ids[0], undefined);
  assert.match(ids[1] ?? '', /^[\w-]{22}$/);
  first.close();
  const [resumed, other] = [
    await open(t, server, { ...byToken('alice'), 'last-event-id': ids[1] ?? '' }),
    await open(t, server, { ...byToken('alice'), 'last-event-id': 'x' }),
  ];
  await firstResult(other);
  assert.deepEqual(
    other.events.map(({ id }) => id),
    ids,
  );
  await until(() => resumed.events.length >= 2, { what: 'two beats', timeoutMs: 20_000 });
  assert.deepEqual(new Set(resumed.events.map(({ event }) => event)), new Set(['beat']));
  file = 'b';
  assert.equal((await firstResult(resumed)).status, 1);
  assert.notEqual(resumed.events.at(-1)?.id, ids[1]);
  assert.equal(resumed.last('account'), undefined);
});

test('the id of another account’s state is no state of one’s own', async (t) => {
  const { server } = await start(t);
  const bob = await open(t, server, byToken('bob'));
  await firstResult(bob);
  const id = bob.events[1]?.id ?? '';
  const alice = await open(t, server, { ...byToken('alice'), 'last-event-id': id });
  assert.deepEqual(pidsIn(await firstResult(alice)), [6735]);
});

test('ends, says so and counts nothing when the token is revoked, the password changed, the account removed or no administrator’s', async (t) => {
  const services = testServices();
  const everything = {
    token: true,
    generation: password,
    role: 'admin' as AccountRole,
    isThere: true,
  };
  const facts = { ...everything };
  const { server } = await start(t, {
    auditLines: services.auditLines,
    audit: services.audit,
    tokens: { ...services.tokens, verify: () => facts.token },
    accounts: {
      ...services.accounts,
      generation: () => (facts.isThere ? facts.generation : undefined),
      find: (name) => {
        const found = services.accounts.find(name);
        return facts.isThere && found ? { ...found, role: facts.role } : undefined;
      },
    },
  } as Partial<Services>);
  const whm = { authorization: `whm admin:${tokenOf('admin')}` };
  for (const [headers, change] of [
    [whm, { token: false }],
    [whm, { isThere: false }],
    [whm, { role: 'user' }],
    [basic('admin'), { generation: 'new' }],
    [basic('admin'), { isThere: false }],
  ] as const) {
    Object.assign(facts, everything);
    const reader = await open(t, server, headers);
    await firstResult(reader);
    Object.assign(facts, change);
    await reader.ended();
    assert.equal(reader.events.at(-1)?.event, 'over', JSON.stringify(change));
  }
  assert.deepEqual(services.auditLines, []);
});

test('where a login has ended no browser is asked for a password of its own', async (t) => {
  const { server } = await start(t);
  for (const path of ['/events', '/execute/Ftp/list_transfers']) {
    const answer = await server.send(request(`GET /cpsess0123456789${path}`));
    assert.equal(answer.status, 401);
    assert.equal(answer.header('www-authenticate'), 'cpanel realm="uapid"');
  }
  const { header } = await server.send(request('GET /execute/Ftp/list_transfers'));
  assert.match(header('www-authenticate') ?? '', /^Basic /);
});

test('HEAD tells whether the login holds', async (t) => {
  const { server } = await start(t);
  const { prefix, cookie } = await logIn(server, 'alice');
  const head = (headers: string[]) => server.send(request(`HEAD ${prefix}/events`, headers));
  assert.equal((await head([`Cookie: ${cookie}`])).status, 200);
  assert.equal((await head([])).status, 401);
});

test('an account without the feature, and everybody without the role, is told so', async (t) => {
  const { server } = await start(t);
  const plain = await firstResult(await watch(t, server, await logIn(server, 'plain')));
  assert.deepEqual([plain.status, plain.errors], [0, ['You do not have the feature “ftpaccts”.']]);
  const { server: without } = await start(t, { roles: { isEnabled: () => false } });
  const refused = await firstResult(await watch(t, without, await logIn(without, 'admin')));
  assert.equal(refused.status, 0);
  assert.match(refused.errors?.join() ?? '', /FTP role is disabled/);
});

test('what could not be seen is told with the sessions', async (t) => {
  const gaps = [{ cause: 'processes-hidden', ownerUid: null }] as const;
  const { server } = await start(t, { sessions: { snapshot: async () => snapshot({ gaps }) } });
  const { warnings } = await firstResult(await watch(t, server, await logIn(server, 'admin')));
  assert.equal(warnings?.length, 1);
});

test('what changes is told within two seconds, and what stays as it is once', async (t) => {
  let bytesMoved = 1;
  const sessions: SessionSource = {
    snapshot: async () =>
      snapshot({ sessions: [ftpSession({ state: 'download', file: 'a', bytesMoved })] }),
  };
  const { server } = await start(t, { sessions });
  const reader = await watch(t, server, await logIn(server, 'alice'));
  await firstResult(reader);
  await until(() => reader.last('beat'), { what: 'a beat', timeoutMs: 8_000 });
  const isOne = ({ event }: { event: string }) => event === 'sessions';
  // The rate follows a scan later.
  assert.ok(reader.events.filter(isOne).length <= 2, 'the same was told again and again');
  bytesMoved = 2;
  await until(() => JSON.stringify(reader.last('sessions')).includes('"bytes_moved":2'), {
    what: 'the new number',
    timeoutMs: 2_000,
  });
});

test('nothing is scanned before somebody watches, nor once nobody does', async (t) => {
  const { looks, sessions } = counted();
  const { server } = await start(t, { sessions });
  const login = await logIn(server, 'alice');
  await sleep(1_500);
  assert.equal(looks.length, 0);
  const readers = [await watch(t, server, login), await watch(t, server, login)];
  await until(() => looks.length >= 4, { what: 'some looks' });
  for (const reader of readers) reader.close();
  // The server hears of it a moment later, and a beat may be under way.
  await sleep(300);
  const then = looks.length;
  await sleep(2_500);
  assert.ok(looks.length <= then + 1, `${looks.length - then} looks without a watcher`);
});

test('one scan serves all who watch an account', async (t) => {
  const { looks, sessions } = counted();
  const { server } = await start(t, { sessions });
  const login = await logIn(server, 'admin');
  const readers: EventReader[] = [];
  for (let i = 0; i < 12; i++) readers.push(await watch(t, server, login));
  await Promise.all(readers.map(firstResult));
  const [then, from] = [looks.length, performance.now()];
  await sleep(3_100);
  const most = Math.ceil((performance.now() - from) / 1_000);
  assert.ok(looks.length - then <= most, `${looks.length - then} looks for ${most} beats`);
});

test('ends when the login is closed, and says so', async (t) => {
  const { server } = await start(t);
  const login = await logIn(server, 'alice');
  const reader = await watch(t, server, login);
  await firstResult(reader);
  await server.send(request(`POST ${login.prefix}/logout`, [`Cookie: ${login.cookie}`]));
  await reader.ended();
  assert.equal(reader.events.at(-1)?.event, 'over');
});

test('ends when the password is changed', async (t) => {
  const { accounts } = testServices();
  let generation = '1';
  const changing = { ...accounts, generation: () => generation };
  const { server } = await start(t, { accounts: changing });
  const reader = await watch(t, server, await logIn(server, 'alice'));
  await firstResult(reader);
  generation = '2';
  await reader.ended();
  assert.equal(reader.events.at(-1)?.event, 'over');
});

/** Logins whose clock is the test's, and how often each holder was found. */
function clockedLogins() {
  const clock = { now: 0 };
  const limits = { idleMs: 1_000, absoluteMs: 2_500, maxLogins: 10, maxPerAccount: 10 };
  const real = createLoginSessions(limits, () => clock.now);
  const uses: string[] = [];
  const find: LoginSessions['find'] = (keys) => {
    const holder = real.find(keys);
    uses.push(holder?.split(' ')[0] ?? '');
    return holder;
  };
  /** Sets the clock; resolves when a stream of that account has been served by it. */
  const go = async (now: number, name: string) => {
    const before = uses.length;
    clock.now = now;
    const isUsed = () => uses.slice(before).filter((each) => each === name).length >= 2;
    await until(isUsed, { what: `two beats for ${name}` });
  };
  return { clock, uses, go, logins: { ...real, find } };
}

test('a page that is watched keeps its login beyond the idle time, and not beyond the absolute one', async (t) => {
  const { clock, go, logins } = clockedLogins();
  const { server } = await start(t, { logins });
  const reader = await watch(t, server, await logIn(server, 'alice'));
  for (const now of [999, 1_998, 2_499]) await go(now, 'alice');
  assert.equal(reader.last('over'), undefined);
  clock.now = 2_500;
  await reader.ended();
  assert.equal(reader.events.at(-1)?.event, 'over');
});

test('a page that nobody watches any more does not keep its login', async (t) => {
  const { clock, go, logins } = clockedLogins();
  const { server } = await start(t, { logins });
  const [left, watched] = [await logIn(server, 'alice'), await logIn(server, 'bob')];
  const reader = await watch(t, server, left);
  await watch(t, server, watched);
  await go(900, 'alice');
  reader.close();
  await go(901, 'bob');
  await go(1_850, 'bob');
  clock.now = 1_901;
  const statusOf = async ({ prefix, cookie }: Login) =>
    (await server.send(request(`HEAD ${prefix}/events`, [`Cookie: ${cookie}`]))).status;
  assert.deepEqual([await statusOf(left), await statusOf(watched)], [401, 200]);
});

test('a stop of the server ends every stream at once', async (t) => {
  const { server, close } = await start(t);
  const login = await logIn(server, 'alice');
  const readers = [await watch(t, server, login), await watch(t, server, login)];
  await Promise.all(readers.map(firstResult));
  const patience = startPatience(1_000);
  await close();
  assert.equal(patience.isOver(), false);
  await Promise.all(readers.map((reader) => reader.ended()));
});

test('for a reader who takes nothing one answer is kept, and no stop waits for it', async (t) => {
  let [looks, pid] = [0, 1];
  const file = 'x'.repeat(1_000);
  const sessions: SessionSource = {
    snapshot: async () => {
      looks += 1;
      pid += 1;
      const many = Array.from({ length: 6_000 }, (_, i) => ftpSession({ pid: pid + i, file }));
      return snapshot({ sessions: many });
    },
  };
  const { uses, logins } = clockedLogins();
  const { server, close } = await start(t, { sessions, logins });
  const { prefix, cookie } = await logIn(server, 'alice');
  const socket = connect(server.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.pause();
  socket.write(`GET ${prefix}/events HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`);
  await until(() => looks >= 1, { what: 'the first scan' });
  // The kernel takes an answer or two.
  await sleep(5_500);
  assert.ok(looks <= 3, `${looks} looks for one who takes nothing`);
  // The first is the request's own.
  assert.ok(uses.length <= 1 + looks, `its login was used ${uses.length} times`);
  let isStopped = false;
  void close().then(() => {
    isStopped = true;
  });
  await until(() => isStopped, { what: 'the server has stopped', timeoutMs: 2_000 });
  socket.destroy();
});

test('who asks and goes at once leaves nothing behind', async (t) => {
  const { server } = await start(t);
  const login = await logIn(server, 'alice');
  for (let i = 0; i < 100; i++) {
    const socket = connect(server.port, '127.0.0.1');
    const { prefix, cookie } = login;
    const bytes = `GET ${prefix}/events HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`;
    socket.write(bytes, () => (i % 2 === 0 ? socket.destroy() : socket.resetAndDestroy()));
    socket.on('error', () => {});
    await once(socket, 'close');
  }
  const reader = await until(
    async () => {
      const tried = await watch(t, server, login);
      return tried.response.statusCode === 200 ? tried : null;
    },
    { what: 'there is room for one who stays', everyMs: 50 },
  );
  await firstResult(reader);
});

test('an account has so many streams and no more, and one that ends makes room', async (t) => {
  const { server } = await start(t);
  const login = await logIn(server, 'alice');
  const readers: EventReader[] = [];
  for (let i = 0; i < 30; i++) readers.push(await watch(t, server, login));
  const tooMany = await watch(t, server, login);
  assert.equal(tooMany.response.statusCode, 429);
  assert.equal((await watch(t, server, await logIn(server, 'bob'))).response.statusCode, 200);
  readers[0]?.close();
  await until(async () => (await watch(t, server, login)).response.statusCode === 200, {
    what: 'there is room again',
    everyMs: 50,
  });
});
