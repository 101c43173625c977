import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { basic, testServices } from '../../../support/app.ts';
import { startServer, type TestServer } from '../../../support/http.ts';
import { getAll } from '../credentials.ts';
import { type Door, doors } from '../doors.ts';
import {
  actingFor,
  callers,
  directory,
  type FleetCaller,
  placesOfCaller,
  seenBy,
} from './fleet-callers.ts';
import { createFleetWorld, hosts, sessions } from './fleet-world.ts';

/** A call, in the words of what a customer does. */
interface Call {
  readonly caller: FleetCaller;
  readonly door: Door;
  readonly module: 'Ftp' | 'Fleet';
  readonly func: string;
  readonly params: readonly (readonly [string, string])[];
  /** The account that the call names, where the door takes one. */
  readonly named: string | null;
}

const servers = [null, '', 'web1', 'web2', 'web3', 'web9', '*', 'WEB1', 'web1,web2', 'web3,web1'];
const lists = ['list_sessions', 'list_transfers'];
/** Functions that have a test of their own. */
const checked = [
  ...lists,
  'list_history',
  'list_ftp',
  'list_ftp_with_disk',
  'kill_session',
  'end_session',
];

describe('at a gateway nobody learns of sessions, servers and logins that are not its own', () => {
  const world = createFleetWorld();
  let server: TestServer;

  before(async () => {
    server = await startServer(testServices({ ...world.services, accounts: directory }));
  });
  after(async () => {
    await server.close();
    world.remove();
  });

  /** Sends the calls and gives each body to `check`, with the account that the call is made for. */
  async function checkAll(
    t: TestContext,
    calls: readonly Call[],
    check: (call: Call, body: string, account: FleetCaller | null) => void,
    connections = 16,
  ): Promise<void> {
    const answers = await getAll(server, calls.map(requestOf), connections);
    assert.equal(answers.length, calls.length);
    for (const [index, call] of calls.entries()) {
      const { door, caller, named } = call;
      const isRefused = door.forAdministrators && caller.role === 'user';
      const account = isRefused ? null : door.namesAccount ? actingFor(caller, named) : caller;
      const body = answers[index]?.body ?? '';
      assertNoLeak(call, body, account);
      check(call, body, account);
    }
    t.diagnostic(`${calls.length} calls`);
  }

  test('each list has the caller’s sessions on the servers that are meant, whole, and no other', (t) =>
    checkAll(t, [...listCalls()], (call, body, account) => {
      const expected = account === null ? [] : (meant(account, serverOf(call)) ?? []);
      const isApi2 = call.door.isApi2 && call.func !== 'list_sessions';
      const markers = expected.map(({ marker }) => marker).sort();
      assert.deepEqual(markersIn(body), isApi2 ? [] : markers, what(call));
    }));

  test('the counts are of the same sessions', (t) =>
    checkAll(t, [...callsOf('Fleet', 'count_sessions')], (call, body, account) => {
      if (call.door.isApi2) return;
      const expected = account === null ? null : meant(account, serverOf(call));
      const rows = dataOf(body) as { server: string; sessions: number | null }[];
      const counted = Object.fromEntries(rows.map((row) => [row.server, row.sessions ?? 0]));
      const total = Object.values(counted).reduce((sum, count) => sum + count, 0);
      assert.equal(total, expected?.length ?? 0, what(call));
      for (const { host } of expected ?? []) assert.ok((counted[host] ?? 0) > 0, what(call));
    }));

  test('past sessions and FTP accounts are those of the same system users', async (t) => {
    const some = [null, 'web1', 'web2', 'web3', 'web9'];
    for (const func of ['list_history', 'list_ftp', 'list_ftp_with_disk']) {
      // An account's calls take turns, and not many may wait.
      await checkAll(
        t,
        [...callsOf('Ftp', func, some)],
        (call, body, account) => {
          if (call.door.isApi2 && func === 'list_history') return;
          const own = account === null ? [] : (meant(account, serverOf(call)) ?? []);
          // It answers for one server, and where there are several wants to be told which.
          const isUnclear =
            func !== 'list_history' && new Set(own.map(({ host }) => host)).size > 1;
          const expected = isUnclear ? [] : own;
          const logins = [...new Set(expected.map(({ login }) => login))].sort();
          const found = [...new Set(body.match(/login-\w+-\w+/g) ?? [])].sort();
          assert.deepEqual(found, logins, `${what(call)} ${body}`);
        },
        1,
      );
    }
  });

  test('no other function tells of them', (t) => {
    const named = world.services.functions ?? [];
    const others = named.filter(
      ({ module, name }) =>
        (module === 'Ftp' && !checked.includes(name)) || name === 'list_servers',
    );
    assert.ok(others.length >= 4);
    const some = [null, 'web1', 'web2'];
    const calls = others.flatMap(({ module, name }) => [...callsOf(module as 'Ftp', name, some)]);
    return checkAll(t, calls, (call, body, account) => {
      if (call.func === 'list_servers' && account?.role === 'admin' && !call.door.isApi2) return;
      assert.deepEqual(markersIn(body), [], what(call));
    });
  });

  test('sessions of equal names, pids and starts on several hosts are several', () => {
    const alices = sessions.filter(({ systemUser }) => systemUser === 'alice');
    assert.equal(new Set(alices.map(({ host }) => host)).size, 3);
    const same = sessions.filter(({ pid, startTime }) => pid === 100 && startTime === '7000');
    assert.equal(same.length, 3);
  });

  test('nobody ends a session that is not its own, and whoever does ends that one alone', async (t) => {
    assert.deepEqual(world.takeEnded(), []);
    const calls = [...endingCalls()];
    for (const { call, target, isOwn } of calls) {
      // One after the other: whose call has ended what is to be known.
      const [answer] = await getAll(server, [requestOf(call)], 1);
      const expected = isOwn ? target : [];
      assert.deepEqual(world.takeEnded().sort(), expected, `${what(call)} ${answer?.body}`);
    }
    t.diagnostic(`${calls.length} calls`);
  });
});

function* listCalls(): Generator<Call> {
  for (const func of lists) yield* callsOf('Ftp', func);
}

function* callsOf(module: Call['module'], func: string, given = servers): Generator<Call> {
  for (const caller of callers) {
    for (const door of doors) {
      const names = door.namesAccount && caller.role !== 'user' ? callers : [];
      for (const named of [null, ...names.map(({ name }) => name)]) {
        // The default account of that door is none.
        if (named === null && door.forAdministrators && caller.role !== 'user') continue;
        for (const each of named === null || named === caller.name ? given : given.slice(0, 3)) {
          const params = each === null ? [] : [['server', each] as const];
          yield { caller, door, module, func, params, named };
        }
      }
    }
  }
}

interface EndingCall {
  readonly call: Call;
  readonly target: readonly string[];
  readonly isOwn: boolean;
}

/** Each caller and each session, for itself and for another account. */
function* endingCalls(): Generator<EndingCall> {
  const doorOf = (wanted: string) => doors.find(({ name }) => name === wanted) ?? assert.fail();
  const [plain, acting] = [doorOf('execute'), doorOf('json-api/cpanel, API 3')];
  for (const caller of callers) {
    yield* endingCallsOf({ caller, door: plain, named: null });
    if (caller.role === 'user') continue;
    for (const named of ['kid', 'ann']) yield* endingCallsOf({ caller, door: acting, named });
  }
}

function* endingCallsOf(by: Pick<Call, 'caller' | 'door' | 'named'>): Generator<EndingCall> {
  const account = actingFor(by.caller, by.named);
  const own = new Set(account === null ? [] : seenBy(account).map(({ marker }) => marker));
  for (const { marker, host, systemUser, login, pid, startTime } of sessions) {
    const facts = { ...by, module: 'Ftp' } as const;
    const isOwn = own.has(marker);
    const one = [
      ['server', host],
      ['pid', `${pid}`],
      ['start', startTime],
    ] as const;
    yield { call: { ...facts, func: 'end_session', params: one }, target: [marker], isOwn };
    if (!marker.endsWith('0')) continue;
    const all = sessions.filter((each) => each.host === host && each.systemUser === systemUser);
    const params = [
      ['login', login],
      ['server', host],
    ] as const;
    const target = all.map((each) => each.marker).sort();
    yield { call: { ...facts, func: 'kill_session', params }, target, isOwn };
  }
}

function requestOf({ caller, door, module, func, params, named }: Call) {
  const target = door.target(door.nameOf(func), params, named);
  const { authorization } = basic(caller.name);
  return {
    target: target.replace('Ftp', module),
    header: `Authorization: ${authorization}`,
  };
}

const serverOf = ({ params }: Call) => params.find(([name]) => name === 'server')?.[1] ?? '';

/** The sessions that a call is about; null where it names a server that is none of the account's. */
function meant(account: FleetCaller, given: string) {
  const own = seenBy(account);
  if (given === '') return own;
  const wanted = given.split(',');
  const places = placesOfCaller(account).map((place) => place.replace(/:.*/, ''));
  const known = account.role === 'admin' ? Object.keys(hosts) : places;
  if (!wanted.every((each) => known.includes(each))) return null;
  return own.filter(({ host }) => wanted.includes(host));
}

/** What is not the account's is nowhere in an answer, whatever its form. */
function assertNoLeak(call: Call, body: string, account: FleetCaller | null): void {
  const own = account === null ? [] : seenBy(account);
  const texts = new Set(own.flatMap(({ marker, login }) => [marker, login]));
  for (const { marker, login } of sessions) {
    for (const text of [marker, login]) {
      const isTold = body.includes(text);
      assert.ok(!isTold || texts.has(text), `${text} is told: ${what(call)}: ${body}`);
    }
  }
  if (account?.role === 'admin') return;
  const places = account === null ? [] : placesOfCaller(account);
  for (const host of Object.keys(hosts)) {
    const isOwn = places.some((place) => place.startsWith(`${host}:`));
    // What the caller has said itself it may be told again.
    if (isOwn || serverOf(call).includes(host)) continue;
    assert.ok(!body.includes(host), `${host} is told: ${what(call)}: ${body}`);
  }
}

/** The markers in rows; each row has it in its file, and list_transfers in its path as well. */
function markersIn(body: string): string[] {
  const all = body.match(/"file":"marker-[\w-]+"/g) ?? [];
  return all.map((text) => text.slice('"file":"'.length, -1)).sort();
}

function dataOf(body: string): unknown[] {
  const value = JSON.parse(body);
  const { data } = value.result ?? value.data?.uapi ?? value;
  return Array.isArray(data) ? data : [];
}

const what = ({ caller, door, func, params, named }: Call) =>
  `${caller.name} (for ${named}) at ${door.name}: ${func} ${JSON.stringify(params)}`;
