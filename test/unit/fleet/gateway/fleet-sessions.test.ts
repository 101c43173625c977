import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createCloneWatch } from '../../../../src/fleet/gateway/clones.ts';
import {
  createFanOut,
  type FanOut,
  type FanOutLimits,
} from '../../../../src/fleet/gateway/fan-out.ts';
import {
  createFleetSessions,
  maxSessions as defaultMaxSessions,
} from '../../../../src/fleet/gateway/fleet-sessions.ts';
import { createHostRecords } from '../../../../src/fleet/gateway/host-records.ts';
import { createKnownAnswers } from '../../../../src/fleet/gateway/known-answers.ts';
import { shareFanOut } from '../../../../src/fleet/gateway/share-fan-out.ts';
import type { Signer } from '../../../../src/fleet/gateway/sign-groups.ts';
import { ask as askSchema } from '../../../../src/fleet/messages/ask.ts';
import { decodeFrame } from '../../../../src/fleet/signature/signed-frame.ts';
import { createMemoryNetwork, type MemoryNetwork } from '../../../../src/fleet/transport/memory.ts';
import {
  everybody,
  ofHosts,
  ofPlaces,
  ofUids,
  ScopeTooLargeError,
} from '../../../../src/sessions/scope.ts';
import { FleetError } from '../../../../src/sessions/servers.ts';
import { ftpSession } from '../../../support/app.ts';
import { until } from '../../../support/until.ts';

const signature = 'A'.repeat(86);
const digest = (letter: string) => letter.repeat(43);
const instanceOf = (letter: string) => letter.repeat(22);

/** The JSON of a session as a host sends it. */
function row(pid: number, more: object = {}) {
  const { host: _host, ...session } = ftpSession({ pid });
  return { ...session, ownerName: 'alice', ...more };
}

function answer(sessions: readonly object[], more: object = {}, instance = instanceOf('i')) {
  const head = {
    version: '1',
    begunAt: 7,
    scanMs: 1,
    digest: digest('d'),
    gaps: [],
    daemons: [],
    ...more,
  };
  return [Buffer.from(JSON.stringify({ v: 1, instance, head, sessions }))];
}

/** On a busy machine nobody who is well may be named. */
const limits: FanOutLimits = {
  deadlineMs: 60_000,
  suspectMs: 60_000,
  windowMs: 20,
  maxHosts: 2,
  maxBytes: 1024 * 1024,
};

describe('the gateway of a fleet', () => {
  let network: MemoryNetwork;
  let sign: Signer;
  let asked: { host: string; users: readonly string[] | null; known: string | undefined }[];
  let servers: string[];
  let gateway: ReturnType<typeof open>;
  let rounds: number;
  let maxSessions: number;
  let quietMs: number | undefined;

  function open(of: Partial<FanOutLimits> = {}) {
    const [records, clones] = [createHostRecords(), createCloneWatch()];
    const fanOut = createFanOut({
      gateway: 'gw1',
      transport: network.gateway(),
      sign: (message) => sign(message),
      known: createKnownAnswers(),
      records,
      clones,
      limits: { ...limits, ...of },
    });
    const noted: FanOut = (...round) => {
      rounds += 1;
      return fanOut(...round);
    };
    const ask = shareFanOut(noted, undefined, quietMs);
    return createFleetSessions({
      servers: () => servers,
      ask,
      records,
      clones,
      deadlineMs: 400,
      lostText: 'The gateway has lost its messaging server.',
      maxSessions,
    });
  }

  beforeEach(() => {
    network = createMemoryNetwork();
    sign = async () => signature;
    asked = [];
    servers = [];
    rounds = 0;
    maxSessions = defaultMaxSessions;
    quietMs = undefined;
    gateway = open();
  });

  function host(
    name: string,
    reply: (
      users: readonly string[] | null,
      counts: boolean,
    ) => Buffer[] | null | Promise<Buffer[] | null>,
  ) {
    if (!servers.includes(name)) servers.push(name);
    return network.agent(name, async (_verb, body) => {
      const frame = decodeFrame(body);
      const parsed = askSchema.parse(JSON.parse(Buffer.from(frame?.message ?? '').toString()));
      assert.ok(parsed.verb === 'list');
      const { question, hosts } = parsed;
      assert.ok(hosts.includes(name), 'it is meant for it');
      asked.push({ host: name, users: question.users, known: frame?.known });
      return reply(question.users, question.counts === true);
    });
  }

  const missingOf = async () => {
    const { servers: report } = await gateway.snapshot(everybody);
    return report?.missing.map(({ server, cause }) => `${server} ${cause}`);
  };

  test('nothing is waited for any more once each host has answered or is absent', async () => {
    gateway = open({ deadlineMs: 60_000 });
    host('web1', () => answer([row(1)]));
    host('web2', () => [Buffer.from('nonsense')]);
    servers.push('web3');
    const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout');
    const before = timers();
    assert.deepEqual(await missingOf(), ['web2 malformed', 'web3 absent']);
    assert.deepEqual(timers(), before);
  });

  test('a session is on the host whose answer has it, whatever that host says of itself', async () => {
    host('web1', () => answer([row(1, { host: 'web2' }), row(2)], { host: 'web2' }));
    host('web2', () => answer([row(1)]));
    const { sessions, servers: report } = await gateway.snapshot(everybody);
    assert.deepEqual(
      sessions.map(({ host, pid }) => `${host} ${pid}`),
      ['web1 1', 'web1 2', 'web2 1'],
    );
    assert.deepEqual([report?.asked, report?.answered, report?.missing], [2, 2, []]);
  });

  test('sessions are counted without their rows, however many, also those of a host that is too old to count', async () => {
    servers.push('absent');
    const counts = { sessions: 150_000, downloads: 7, uploads: 1 };
    host('many', (_users, isCount) => (isCount ? answer([], { counts }) : assert.fail('its rows')));
    let [version, counted, listed] = ['1', 0, 0];
    host('old', (_users, isCount) => {
      if (!isCount) {
        listed += 1;
        return answer([row(1), row(2, { state: 'download' })], { version });
      }
      counted += 1;
      if (version !== '1') return answer([], { version, counts: { ...counts, sessions: 3 } });
      const instance = instanceOf('i');
      return [Buffer.from(JSON.stringify({ v: 1, instance, refused: 'malformed', now: 1 }))];
    });
    const told = await gateway.count(everybody);
    assert.deepEqual(Object.fromEntries(told.counts), {
      many: counts,
      old: { sessions: 2, downloads: 1, uploads: 0 },
    });
    assert.deepEqual(
      [told.servers.asked, told.servers.missing.map(({ server }) => server)],
      [3, ['absent']],
    );
    const states = await gateway.states(everybody);
    assert.deepEqual(
      states.map(({ server, sessions }) => `${server} ${sessions}`),
      ['absent null', 'many 150000', 'old 2'],
    );
    assert.deepEqual([counted, listed], [1, 2], 'it is not asked in vain again');
    version = '2';
    await gateway.count(everybody);
    assert.equal((await gateway.count(everybody)).counts.get('old')?.sessions, 3);
    assert.deepEqual([counted, listed], [2, 3], 'a newer version is');
    servers = ['old', 'gone'];
    version = '1';
    await assert.rejects(gateway.count(ofHosts(['gone'])), FleetError);
  });

  test('a host that refuses to count and then is silent, or tells another version each time, costs no second deadline', async () => {
    gateway = open({ deadlineMs: 60_000, maxHosts: 200, windowMs: 60_000 });
    const refusal = [
      Buffer.from(
        JSON.stringify({ v: 1, instance: instanceOf('i'), refused: 'malformed', now: 1 }),
      ),
    ];
    let version = 0;
    host('well', (_users, isCount) =>
      answer([], isCount ? { counts: { sessions: 3, downloads: 0, uploads: 0 } } : {}),
    );
    host('other', (_users, isCount) => {
      if (isCount) return refusal;
      version += 1;
      return answer([row(1)], { version: `${version}` });
    });
    for (let calls = 1; calls <= 3; calls += 1) {
      const { counts } = await gateway.count(everybody);
      assert.deepEqual([counts.get('well')?.sessions, counts.get('other')?.sessions], [3, 1]);
      assert.deepEqual([rounds, version], [calls, calls]);
    }
    gateway = open({ deadlineMs: 1_000, suspectMs: 100, maxHosts: 200 });
    rounds = 0;
    host('silent', (_users, isCount) => (isCount ? refusal : null));
    for (let calls = 1; calls <= 3; calls += 1) {
      const { servers: report } = await gateway.count(everybody);
      assert.deepEqual(
        report.missing.filter(({ server }) => server === 'silent').map(({ cause }) => cause),
        ['silent'],
      );
      assert.equal(rounds, calls);
    }
    assert.equal(asked.filter(({ host: name }) => name === 'silent').length, 4);
  });

  test('each host that does not answer well is named with its cause, and no other host’s row is lost', async () => {
    gateway = open({ deadlineMs: 1_000, suspectMs: 50 });
    servers.push('absent');
    host('well', () => answer([row(1)]));
    host('silent', () => null);
    host('garbage', () => [Buffer.from('{"v":1}')]);
    host('refusing', () => [
      Buffer.from(
        JSON.stringify({ v: 1, instance: instanceOf('i'), refused: 'signature', now: 1 }),
      ),
    ]);
    host('headless', () => [
      Buffer.from(JSON.stringify({ v: 1, instance: instanceOf('i'), sessions: [row(1)] })),
    ]);
    host('half', () => [...answer([row(1)]), Buffer.from('{}')]);
    host('twice', () => answer([row(5), row(5)]));
    host('endless', () => answer([row(1, { title: 'x'.repeat(9_000) })]));
    host('future', () => answer([row(1, { connectedAt: 1e15 })]));
    host('unasked', () => [
      Buffer.from(
        JSON.stringify({
          v: 1,
          instance: instanceOf('i'),
          unchanged: digest('d'),
          begunAt: 1,
          scanMs: 1,
        }),
      ),
    ]);
    const { sessions, servers: report } = await gateway.snapshot(everybody);
    assert.deepEqual(
      sessions.map(({ host }) => host),
      ['well'],
    );
    const causes = Object.fromEntries(
      report?.missing.map(({ server, cause }) => [server, cause]) ?? [],
    );
    assert.deepEqual(causes, {
      absent: 'absent',
      endless: 'malformed',
      future: 'malformed',
      garbage: 'malformed',
      half: 'malformed',
      headless: 'malformed',
      refusing: 'refused',
      silent: 'silent',
      twice: 'malformed',
      unasked: 'malformed',
    });
  });

  const busyPart = (instance = instanceOf('i')) => [
    Buffer.from(JSON.stringify({ v: 1, instance, refused: 'busy', now: 1 })),
  ];

  test('a host that has too much to do is asked again soon, and when it still has it is named as that', async () => {
    gateway = open({ deadlineMs: 20_000, suspectMs: 20_000 });
    let busyTimes = 3;
    host('web1', () => {
      busyTimes -= 1;
      return busyTimes < 0 ? answer([row(1)]) : busyPart();
    });
    assert.deepEqual(await missingOf(), []);
    assert.equal(asked.length, 4);
    busyTimes = Number.POSITIVE_INFINITY;
    host('web2', () => answer([row(1)]));
    assert.deepEqual(await missingOf(), ['web1 busy']);
    assert.equal(asked.filter(({ host: name }) => name === 'web1').length, 4 + 5);
    const states = await gateway.states(everybody);
    assert.deepEqual(
      states.map(({ server, state }) => `${server} ${state}`),
      ['web1 busy', 'web2 answers'],
    );
  });

  test('a host that has too much to do until the deadline is named as that, and not as one that others held up', async () => {
    gateway = open({ deadlineMs: 30, suspectMs: 30 });
    host('web1', () => busyPart());
    host('web2', () => answer([row(1)]));
    assert.deepEqual(await missingOf(), ['web1 busy']);
  });

  test('a hundred callers with people of their own on one host all have an answer, though it works on fewer at a time', async () => {
    gateway = open({ deadlineMs: 20_000, suspectMs: 20_000, maxHosts: 200 });
    let working = 0;
    let refused = 0;
    let letGo: () => void = () => {};
    const all = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    host('web1', async () => {
      if (asked.length === 100) letGo();
      if (working >= 64) {
        refused += 1;
        return busyPart();
      }
      working += 1;
      await all;
      working -= 1;
      return answer([row(1)]);
    });
    const callers = Array.from({ length: 100 }, (_, index) =>
      gateway.snapshot(ofPlaces([{ host: 'web1', systemUser: `user${index}` }])),
    );
    const answers = await Promise.all(callers);
    assert.ok(answers.every(({ sessions }) => sessions.length === 1));
    assert.equal(refused, 36);
  });

  test('hosts are asked for the users that the caller is placed as, and no host beyond', async () => {
    for (const name of ['web1', 'web2', 'web3']) host(name, () => answer([row(1)]));
    const scope = ofPlaces([
      { host: 'web1', systemUser: 'alice' },
      { host: 'web3', systemUser: 'bob' },
      { host: 'web1', systemUser: 'ann' },
      { host: 'gone', systemUser: 'alice' },
    ]);
    const { servers: report } = await gateway.snapshot(scope);
    assert.deepEqual(asked.map(({ host, users }) => `${host} ${users}`).sort(), [
      'web1 alice,ann',
      'web3 bob',
    ]);
    assert.deepEqual(report?.missing, [{ server: 'gone', cause: 'not-enrolled' }]);
    assert.equal(report?.asked, 3);
  });

  test('callers of one moment share a question to each host, and those who come later share the next', async () => {
    // On a busy machine no host is slow.
    quietMs = 60_000;
    gateway = open();
    let release: () => void = () => {};
    host(
      'web1',
      () =>
        new Promise((resolve) => {
          release = () => resolve(answer([row(1)]));
        }),
    );
    const first = [1, 2, 3].map(() => gateway.snapshot(everybody));
    while (asked.length < 1) await new Promise(setImmediate);
    const later = [1, 2].map(() => gateway.snapshot(everybody));
    for (let turns = 0; turns < 10; turns += 1) await new Promise(setImmediate);
    assert.equal(asked.length, 1, 'one round is under way at a time');
    release();
    const [one, other] = await Promise.all(first);
    assert.equal(one, other, 'and all that is made of the answers');
    assert.equal(asked.length, 1);
    while (asked.length < 2) await new Promise(setImmediate);
    release();
    await Promise.all(later);
    assert.equal(asked.length, 2);
  });

  test('no answer is kept for callers who do not come', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    host('web1', () => answer([row(1)]));
    const made = new WeakRef(await gateway.snapshot(everybody));
    const isForgotten = () => {
      collect();
      return made.deref() === undefined;
    };
    await until(isForgotten, { what: 'the answer is forgotten' });
  });

  test('an answer that has not changed is named to the host, and its rows are the very same', async () => {
    let isChanged = true;
    host('web1', () =>
      isChanged
        ? answer([row(1)])
        : [
            Buffer.from(
              JSON.stringify({
                v: 1,
                instance: instanceOf('i'),
                unchanged: digest('d'),
                begunAt: 9,
                scanMs: 1,
              }),
            ),
          ],
    );
    const before = await gateway.snapshot(everybody);
    isChanged = false;
    const after = await gateway.snapshot(everybody);
    assert.deepEqual(
      asked.map(({ known }) => known),
      [undefined, digest('d')],
    );
    assert.equal(after.sessions[0], before.sessions[0]);
    assert.equal(after.servers?.begunAt.get('web1'), 9);
  });

  test('that nothing has changed since what the gateway does not have is no answer', async () => {
    let isFirst = true;
    host('web1', () => {
      if (isFirst) return answer([row(1)]);
      const other = { unchanged: digest('e'), begunAt: 9, scanMs: 1 };
      return [Buffer.from(JSON.stringify({ v: 1, instance: instanceOf('i'), ...other }))];
    });
    host('web2', () => answer([]));
    await gateway.snapshot(everybody);
    isFirst = false;
    assert.deepEqual(await missingOf(), ['web1 malformed']);
  });

  test('a host that was silent is waited for shortly, until it has answered, be it late', async () => {
    gateway = open({ deadlineMs: 400, suspectMs: 50 });
    let isHeld = true;
    let late: () => void = () => {};
    const reply = () => answer([row(1)]);
    // Longer than one that was silent is waited for, and far less than any other.
    const slowly = () =>
      new Promise<Buffer[]>((resolve) => setTimeout(() => resolve(reply()), 120));
    host('web1', () =>
      isHeld
        ? new Promise((resolve) => {
            late = () => resolve(reply());
          })
        : slowly(),
    );
    host('web2', () => answer([row(2)]));
    const timed = async () => {
      const begun = performance.now();
      assert.deepEqual(await missingOf(), ['web1 silent']);
      return performance.now() - begun;
    };
    const first = await timed();
    const second = await timed();
    assert.ok(first >= 395 && second < first / 2, `${first} ${second}`);
    late();
    isHeld = false;
    await new Promise(setImmediate);
    assert.deepEqual(await missingOf(), []);
  });

  test('more hosts than the window holds are asked all, though some of them hang', async () => {
    gateway = open({ deadlineMs: 1_000, suspectMs: 50 });
    for (const name of ['a1', 'a2', 'a3']) host(name, () => null);
    for (const name of ['b1', 'b2', 'b3', 'b4']) host(name, () => answer([row(1)]));
    const { sessions } = await gateway.snapshot(everybody);
    assert.equal(sessions.length, 4);
  });

  test('who was not asked before the deadline is named as that', async () => {
    gateway = open({ maxHosts: 1, windowMs: 1_000, deadlineMs: 60 });
    host('a1', () => null);
    host('b1', () => answer([row(1)]));
    await assert.rejects(
      gateway.snapshot(everybody),
      /1 is connected and silent \(a1\); 1 is not asked in time \(b1\)/,
    );
  });

  test('once more sessions have come than an answer holds no other host is asked, but for callers who asked for less', async () => {
    maxSessions = 3;
    gateway = open({ maxHosts: 1, deadlineMs: 20_000, windowMs: 20_000 });
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) host(name, () => answer([row(1), row(2)]));
    await assert.rejects(gateway.snapshot(everybody), /would hold more than 3 sessions/);
    assert.deepEqual(
      asked.map((each) => each.host),
      ['a', 'b'],
    );
    asked = [];
    const [all, one] = await Promise.allSettled([
      gateway.snapshot(everybody),
      gateway.snapshot(ofHosts(['e'])),
    ]);
    assert.equal(all.status, 'rejected');
    assert.equal(one.status === 'fulfilled' && one.value.sessions.length, 2);
    // Their numbers are told of all.
    const { counts } = await gateway.count(everybody);
    assert.equal(counts.size, names.length);
  });

  test('five thousand hosts that wait behind one that hangs are all named at the deadline', async () => {
    gateway = open({ maxHosts: 1, windowMs: 1_000, deadlineMs: 60 });
    host('a1', () => null);
    servers.push(...Array.from({ length: 5_000 }, (_, index) => `b${index}`));
    // Where it takes so long to begin with all of them, the first is not asked either.
    await assert.rejects(gateway.snapshot(everybody), /500[01] are not asked in time \(/);
  });

  test('of two machines under one name neither’s rows are told, and both runs are named', async () => {
    host('web1', () => answer([row(1)], {}, instanceOf('a')));
    host('web1', () => answer([row(2)], {}, instanceOf('b')));
    host('web2', () => answer([row(3)]));
    // Which answer comes first is chance; that there are two is known at the latest by the next time.
    await gateway.snapshot(everybody);
    const { sessions, servers: report } = await gateway.snapshot(everybody);
    assert.deepEqual(
      sessions.map(({ host }) => host),
      ['web2'],
    );
    assert.deepEqual(
      report?.missing.map(({ cause, instances }) => [cause, instances]),
      [['cloned', [instanceOf('a'), instanceOf('b')]]],
    );
  });

  test('a second machine that answers while others are waited for takes the rows of the first out', async () => {
    let release: () => void = () => {};
    const isHeld = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isLate = false;
    host('web1', () => answer([row(1)], {}, instanceOf('a')));
    host('web1', async () => {
      await new Promise(setImmediate);
      isLate = true;
      return answer([row(2)], {}, instanceOf('b'));
    });
    host('web2', async () => {
      await isHeld;
      return answer([row(3)]);
    });
    const asking = gateway.snapshot(everybody);
    while (!isLate) await new Promise(setImmediate);
    await new Promise(setImmediate);
    release();
    const { sessions, servers: report } = await asking;
    assert.deepEqual(
      sessions.map(({ host: name }) => name),
      ['web2'],
    );
    assert.deepEqual(
      report?.missing.map(({ server, cause }) => `${server} ${cause}`),
      ['web1 cloned'],
    );
  });

  test('parts of two machines are no answer, and both are named', async () => {
    const [first] = answer([row(1)], {}, instanceOf('a'));
    const more = Buffer.from(
      JSON.stringify({ v: 1, instance: instanceOf('b'), sessions: [row(2)] }),
    );
    host('web1', () => [...(first ? [first] : []), more]);
    host('web2', () => answer([row(3)]));
    const { sessions, servers: report } = await gateway.snapshot(everybody);
    assert.deepEqual(
      sessions.map(({ host: name }) => name),
      ['web2'],
    );
    assert.deepEqual(
      report?.missing.map(({ cause, instances }) => [cause, instances]),
      [['cloned', [instanceOf('a'), instanceOf('b')]]],
    );
  });

  test('a host that has more to answer than it said is asked again for as much, three times in all', async () => {
    let bytes = 100_000;
    const needsRoom = () => {
      bytes *= 2;
      return [
        Buffer.from(
          JSON.stringify({
            v: 1,
            instance: instanceOf('i'),
            refused: 'needs-room',
            now: 1,
            bytes,
          }),
        ),
      ];
    };
    host('web1', needsRoom);
    host('web2', () =>
      asked.filter(({ host: name }) => name === 'web2').length < 3 ? needsRoom() : answer([row(1)]),
    );
    const { sessions, servers: report } = await gateway.snapshot(everybody);
    assert.deepEqual(
      sessions.map(({ host: name }) => name),
      ['web2'],
    );
    assert.deepEqual(report?.missing, [
      { ...report?.missing[0], server: 'web1', cause: 'refused', refusal: 'needs-room' },
    ]);
    const times = (wanted: string) => asked.filter(({ host: name }) => name === wanted).length;
    assert.deepEqual([times('web1'), times('web2')], [3, 3]);
  });

  test('more sessions than an answer holds are an error, and no part of a list', async () => {
    maxSessions = 3;
    gateway = open();
    host('web1', () => answer([row(1), row(2)]));
    host('web2', () => answer([row(1)]));
    assert.equal((await gateway.snapshot(everybody)).sessions.length, 3);
    host('web3', () => answer([row(1)]));
    await assert.rejects(gateway.snapshot(everybody), {
      code: 'too-many-sessions',
      message: 'The answer would hold more than 3 sessions. Narrow it with server=.',
    });
    assert.equal((await gateway.snapshot(ofHosts(['web1', 'web3']))).sessions.length, 3);
    assert.equal(defaultMaxSessions, 100_000);
  });

  test('a lost connection is told as that, and no host is blamed', async () => {
    host('web1', () => new Promise(() => {}));
    const asking = gateway.snapshot(everybody);
    while (asked.length < 1) await new Promise(setImmediate);
    network.cut();
    const isLost = (error: unknown) =>
      error instanceof FleetError && error.code === 'fleet-connection-lost';
    await assert.rejects(asking, isLost);
    await assert.rejects(gateway.snapshot(everybody), isLost);
  });

  test('a host whose request is not signed is named, and the others of its group are asked', async () => {
    for (const name of ['web1', 'web2', 'removed']) host(name, () => answer([row(1)]));
    sign = async (message) => {
      if (askSchema.parse(JSON.parse(message)).hosts.includes('removed')) throw new Error('no');
      return signature;
    };
    const { sessions, servers: report } = await gateway.snapshot(everybody);
    assert.deepEqual(
      sessions.map(({ host }) => host),
      ['web1', 'web2'],
    );
    assert.deepEqual(report?.missing, [{ server: 'removed', cause: 'unsigned' }]);
    servers = ['removed'];
    await assert.rejects(
      gateway.snapshot(everybody),
      /^FleetError: No server answered: 1 is not asked, since this gateway did not sign/,
    );
    assert.deepEqual(
      (await gateway.states(everybody)).map(({ state }) => state),
      ['unsigned'],
    );
  });

  test('more users than a request can name are told as that, and no host or connection is blamed', async () => {
    host('web1', () => answer([row(1)]));
    sign = async () => {
      throw new ScopeTooLargeError();
    };
    const scope = ofPlaces([{ host: 'web1', systemUser: 'alice' }]);
    await assert.rejects(gateway.snapshot(scope), ScopeTooLargeError);
  });

  test('when no host answers that is an error, and no empty list', async () => {
    servers.push('web1', 'web2');
    await assert.rejects(
      gateway.snapshot(everybody),
      /^FleetError: No server answered: 2 are not connected \(web1, web2\)\.$/,
    );
    servers = [];
    const { sessions } = await gateway.snapshot(everybody);
    assert.deepEqual(sessions, []);
  });

  test('what one host alone can answer is refused', async () => {
    host('web1', () => answer([]));
    const isRefused = (error: unknown) =>
      error instanceof FleetError && error.code === 'not-at-gateway';
    await assert.rejects(gateway.snapshot(ofUids([1])), isRefused);
    await assert.rejects(gateway.snapshot(everybody, { ftpAccounts: true }), isRefused);
    assert.equal(asked.length, 0);
  });

  test('the state of each host is told by an answer of this moment', async () => {
    servers.push('web2');
    host('web1', () => answer([row(1)], { daemons: [{ name: 'pure-ftpd', pid: 9, ports: [21] }] }));
    const states = await gateway.states(ofHosts(['web1', 'web2']));
    assert.deepEqual(
      states.map(({ server, state, daemons, sessions }) => [server, state, daemons, sessions]),
      [
        ['web1', 'answers', ['pure-ftpd'], 1],
        ['web2', 'absent', [], null],
      ],
    );
  });

  test('the state of a host counts everybody’s sessions, whoever else asks it in the same moment', async () => {
    let release: () => void = () => {};
    const isHeld = new Promise<void>((resolve) => {
      release = resolve;
    });
    host('web1', (users) => answer(users === null ? [row(1), row(2)] : [row(1)]));
    host('web2', async () => {
      await isHeld;
      return answer([]);
    });
    const everybodys = gateway.states(everybody);
    const alices = gateway.snapshot(ofPlaces([{ host: 'web1', systemUser: 'alice' }]));
    await alices;
    release();
    assert.deepEqual(
      (await everybodys).map(({ server, sessions }) => [server, sessions]),
      [
        ['web1', 2],
        ['web2', 0],
      ],
    );
  });

  test('a host that has said much and is silent now holds up no other, however many ask it', async () => {
    gateway = open({ maxBytes: 64 * 1024, suspectMs: 2_000, deadlineMs: 2_000 });
    let isSilent = false;
    const much = Array.from({ length: 100 }, (_, pid) => row(pid + 1));
    host('big', () => (isSilent ? null : answer(much)));
    host('web1', () => answer([row(1)]));
    const of = (systemUser: string) => gateway.snapshot(ofPlaces([{ host: 'big', systemUser }]));
    await of('first');
    isSilent = true;
    const crowd = Array.from({ length: 200 }, (_, n) => of(`user${n}`).catch(() => null));
    const { servers: report } = await gateway.snapshot(
      ofPlaces([{ host: 'web1', systemUser: 'a' }]),
    );
    assert.deepEqual([report?.answered, report?.missing], [1, []]);
    await Promise.all(crowd);
  });

  test('whoever asks while a host of others is slow waits for that no longer than for a moment', async () => {
    let answerSlow: (parts: Buffer[]) => void = () => {};
    host('slow', () => new Promise((resolve) => (answerSlow = resolve)));
    host('web1', () => answer([row(1)]));
    gateway = open({ deadlineMs: 20_000, suspectMs: 20_000 });
    const slow = gateway.snapshot(ofHosts(['slow']));
    await until(() => asked.length === 1, { what: 'the slow one is asked' });
    const { sessions } = await gateway.snapshot(ofHosts(['web1']));
    assert.equal(sessions.length, 1);
    answerSlow(answer([row(1), row(2)]));
    assert.equal((await slow).sessions.length, 2);
  });
});
