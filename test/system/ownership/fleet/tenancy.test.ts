import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { basic, testServices } from '../../../support/app.ts';
import { readEvents } from '../../../support/event-source.ts';
import { startServer, type TestServer } from '../../../support/http.ts';
import { until } from '../../../support/until.ts';
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
import { createFleetWorld, hosts, pastNameOf, sessions } from './fleet-world.ts';

/** A call, in the words of what a customer does. */
interface Call {
  readonly caller: FleetCaller;
  readonly door: Door;
  readonly module: string;
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
  'count_sessions',
  'list_history',
  'list_history_files',
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

  test('files of a past session are told to whoever may see that session on that server, by a name that others have, too', (t) =>
    checkAll(
      t,
      [...fileCalls()],
      (call, body, account) => {
        const own =
          account === null || call.door.isApi2 ? [] : (meant(account, serverOf(call)) ?? []);
        const isUnclear = new Set(own.map(({ host }) => host)).size > 1;
        const name = call.params.find(([each]) => each === 'session')?.[1];
        const expected = isUnclear ? [] : own.filter((each) => pastNameOf(each) === name);
        assert.deepEqual(
          markersIn(body),
          expected.map(({ marker }) => marker),
          `${what(call)} ${body}`,
        );
      },
      1,
    ));

  test('no other function of the gateway tells of them', (t) => {
    const named = world.services.functions ?? [];
    const others = named.filter(({ name }) => !checked.includes(name));
    assert.equal(others.length, named.length - checked.length);
    assert.deepEqual(others.map(({ module, name }) => `${module}::${name}`).sort(), [
      'Fleet::list_servers',
      'Ftp::get_ftp_daemon_info',
      'Ftp::get_port',
      'Ftp::server_name',
      'Uapid::get_server_info',
    ]);
    const some = [null, 'web1', 'web2'];
    const calls = others.flatMap(({ module, name }) => [...callsOf(module, name, some)]);
    return checkAll(t, calls, (call, body, account) => {
      if (call.func === 'list_servers' && account?.role === 'admin' && !call.door.isApi2) return;
      assert.deepEqual(markersIn(body), [], what(call));
    });
  });

  test('what is streamed to a page has the caller’s sessions on the servers that it opens, and no other', async () => {
    const opens = [null, '', '*', 'web1', 'web2,web3', 'web9'];
    const all = callers.flatMap((caller) => opens.map((open) => ({ caller, open })));
    await Promise.all(
      all.map(async ({ caller, open }) => {
        const query = open === null ? '' : `?${new URLSearchParams({ open })}`;
        const reader = await readEvents(server.port, `/events${query}`, basic(caller.name));
        try {
          const of = `${caller.name} ${open}`;
          await until(() => reader.last('sessions'), { what: `sessions for ${of}` });
          const told = JSON.stringify(reader.events);
          const isOpen = ({ host }: { readonly host: string }) =>
            open === null || open === '*' || open.split(',').includes(host);
          const markers = seenBy(caller)
            .filter(isOpen)
            .map(({ marker }) => marker);
          assert.deepEqual(markersIn(told), markers.sort(), of);
          const params = open === null ? [] : [['server', open] as const];
          const [door = assert.fail()] = doors;
          const call = { caller, door, module: '', func: 'events', params, named: null };
          assertNoLeak(call, told, caller);
        } finally {
          reader.close();
        }
      }),
    );
  });

  test('a place whose host has no such system user, or is not let in, is named to whoever has it', async () => {
    const { authorization } = basic('zed');
    const header = `Authorization: ${authorization}`;
    const [answer] = await getAll(server, [{ target: '/execute/Ftp/list_sessions', header }], 1);
    const { status, data, warnings, metadata } = JSON.parse(answer?.body ?? '');
    assert.deepEqual([status, data], [1, []]);
    assert.deepEqual(warnings, [
      'The server “web9” is a place of this account and not let in to this fleet; its sessions are missing.',
      'web1: This server has no system user “shared”.',
    ]);
    assert.deepEqual(metadata.warning_codes, ['server-not-enrolled', 'system-user-unknown']);
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

/** Each caller and each session, at each door for itself and for other accounts. */
function* endingCalls(): Generator<EndingCall> {
  for (const caller of callers) {
    for (const door of doors) {
      const self = door.forAdministrators && caller.role !== 'user' ? caller.name : null;
      const others = door.namesAccount && caller.role !== 'user' ? ['kid', 'ann'] : [];
      for (const named of [self, ...others]) yield* endingCallsOf({ caller, door, named });
    }
  }
}

/** All of them at these doors; at each other one session of each system user. */
const wholeDoors = ['execute', 'json-api/cpanel, API 3'];

function* endingCallsOf(by: Pick<Call, 'caller' | 'door' | 'named'>): Generator<EndingCall> {
  const { caller, door, named } = by;
  const isRefused = door.isApi2 || (door.forAdministrators && caller.role === 'user');
  const account = isRefused ? null : door.namesAccount ? actingFor(caller, named) : caller;
  const own = new Set(account === null ? [] : seenBy(account).map(({ marker }) => marker));
  for (const { marker, host, systemUser, login, pid, startTime } of sessions) {
    const facts = { ...by, module: 'Ftp' } as const;
    const isOwn = own.has(marker);
    const one = [
      ['server', host],
      ['pid', `${pid}`],
      ['start', startTime],
    ] as const;
    const isFirst = marker.endsWith('0');
    if (isFirst || wholeDoors.includes(door.name)) {
      yield { call: { ...facts, func: 'end_session', params: one }, target: [marker], isOwn };
    }
    if (!isFirst) continue;
    const all = sessions.filter((each) => each.host === host && each.systemUser === systemUser);
    const params = [
      ['login', login],
      ['server', host],
    ] as const;
    const target = all.map((each) => each.marker).sort();
    yield { call: { ...facts, func: 'kill_session', params }, target, isOwn };
  }
}

/** The files of each session by its name, with the server that it is on, another one, and none. */
function* fileCalls(): Generator<Call> {
  const names = [...new Set(sessions.map(pastNameOf))];
  for (const call of callsOf('Ftp', 'list_history_files', [null, 'web1', 'web3'])) {
    const few = call.door.name === 'execute' ? names : names.slice(0, 1);
    for (const name of few) yield { ...call, params: [...call.params, ['session', name]] };
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
