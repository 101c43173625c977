import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GapLine, SessionLine } from '../../src/session-log/log-line.ts';
import { pastSession } from '../support/history-lines.ts';
import { createHistory, type SessionHistory } from './history.ts';
import type { Change, Fact, Interval } from './log.ts';
import { checkLog, checkMoment } from './log-checker.ts';

const epochMs = 1_700_000_000_000;

function change(from: number, to: number, fact: Fact): Change {
  return { session: 1, from, to, clock: { from: epochMs + from, to: epochMs + to }, fact };
}

/** alice, connected at 10 s and gone at 20 s. */
function sessions() {
  const history = createHistory();
  history.add(
    change(10_000, 10_020, {
      kind: 'connected',
      daemon: 'pure-ftpd',
      pid: 500,
      remoteAddress: '192.0.2.7',
      remotePort: 40_000,
      localPort: 21,
    }),
  );
  history.add(change(11_000, 11_020, { kind: 'logged-in', user: 'alice', ownerUid: 1001 }));
  history.add(change(20_000, 20_030, { kind: 'ended' }));
  return [...history.all()];
}

function line(facts: Partial<SessionLine> = {}): SessionLine {
  const at = (ms: number) => new Date(epochMs + ms).toISOString();
  return pastSession(500, '01:00:00', { connected_at: at(10_000), ended_at: at(20_100), ...facts });
}

const kinds = (...lines: SessionLine[]) =>
  checkLog(sessions(), lines, []).faults.map(({ kind }) => kind);

function gap(ms: number, facts: Partial<GapLine> = {}): GapLine {
  const at = new Date(epochMs + ms).toISOString();
  return {
    event: 'gap',
    at,
    since: null,
    daemon: 'pure-ftpd',
    cause: 'record-missed',
    pid: 500,
    ...facts,
  };
}

test('a true log has no fault, and each planted one is found', () => {
  assert.deepEqual(kinds(line()), []);
  assert.deepEqual(kinds(line({ owner: null, why: { owner: 'over-too-soon' } })), []);
  assert.deepEqual(kinds(), ['missing']);
  assert.deepEqual(kinds(line(), line()), ['twice']);
  assert.deepEqual(kinds(line({ port: 1 })), ['invented', 'missing']);
  assert.deepEqual(kinds(line({ connected_at: new Date(epochMs).toISOString() })), [
    'invented',
    'missing',
  ]);
  for (const facts of [{ user: 'bob' }, { owner: 7 }, { local_port: 22 }, { daemon: 'vsftpd' }]) {
    assert.deepEqual(kinds(line(facts)), ['foreign fact'], JSON.stringify(facts));
  }
  assert.deepEqual(kinds(line({ owner: null })), ['foreign fact']);
  const unknown = {
    address: null,
    port: null,
    why: { address: 'not-in-record', port: 'not-in-record' },
  } as const;
  assert.deepEqual(kinds(line(unknown)), []);
  assert.deepEqual(kinds(line({ ...unknown, pid: 501 })), ['invented', 'missing']);
  const late = new Date(epochMs + 22_000).toISOString();
  assert.deepEqual(kinds(line({ ended_at: late })), ['wrong time']);
  assert.deepEqual(kinds(line({ ended_at: null })), ['wrong time']);
});

test('a line without a peer is one session’s of those that had its pid at once after another', () => {
  const [first] = sessions();
  assert.ok(first?.loggedIn);
  const later = (each: Interval) => ({ from: each.from + 1_500, to: each.to + 1_500 });
  const clockLater = (each: Change) => ({ ...later(each), clock: later(each.clock) });
  const next: SessionHistory = {
    ...first,
    session: 2,
    connected: { ...first.connected, ...clockLater(first.connected) },
    loggedIn: {
      ...first.loggedIn,
      ...clockLater(first.loggedIn),
      fact: { kind: 'logged-in', user: 'bob', ownerUid: 1002 },
    },
  };
  const nobody = {
    address: null,
    port: null,
    why: { address: 'not-in-record', port: 'not-in-record' },
  } as const;
  const ofBob = line({ ...nobody, user: 'bob', owner: 1002 });
  for (const both of [
    [first, next],
    [next, first],
  ]) {
    assert.deepEqual(checkLog(both, [line(nobody), ofBob], []).faults, []);
    const kindsOf = (...lines: SessionLine[]) =>
      checkLog(both, lines, []).faults.map(({ kind }) => kind);
    assert.deepEqual(kindsOf(ofBob, ofBob), ['twice', 'missing']);
    assert.ok(kindsOf(line({ ...nobody, user: 'bob' }), ofBob).includes('foreign fact'));
  }
});

test('who is named for a moment was connected, once, and who was is named or told to be missing', () => {
  const at = (
    moment: number,
    lines: SessionLine[],
    gaps: GapLine[] = [],
    whole: GapLine[] = [],
  ) => {
    const answer = { moment: epochMs + moment, lines, gaps };
    const { faults, missingAndTold } = checkMoment(sessions(), answer, whole);
    return [...faults.map(({ detail }) => detail), ...(missingAndTold > 0 ? ['told'] : [])];
  };
  const { id } = line();
  const absent = 'pure-ftpd 500, 192.0.2.7 40000, is not named';
  const stranger = `pure-ftpd ${id}, 192.0.2.7 40000, was not connected`;
  assert.deepEqual(at(15_000, [line()]), []);
  assert.deepEqual(at(15_000, [line(), line()]), [`pure-ftpd ${id} is named twice`]);
  assert.deepEqual(at(15_000, []), [absent]);
  assert.deepEqual(at(15_000, [], [], [gap(20_100)]), ['told']);
  assert.deepEqual(at(15_000, [], [gap(10_000, { cause: 'slots-only', daemon: 'proftpd' })]), [
    absent,
  ]);
  assert.deepEqual(at(30_000, []), []);
  assert.deepEqual(at(30_000, [line()]), [stranger]);
  // One whose peer is not known is told by its process.
  const unknown = { address: null, port: null, why: { port: 'not-in-record' } } as const;
  assert.deepEqual(at(15_000, [line(unknown)]), []);
  assert.deepEqual(at(30_000, [line(unknown)]), [`pure-ftpd ${id}, null null, was not connected`]);
});

test('of a daemon that scans tell of who was connected is named, or the answer says that some may be missing', () => {
  const [first] = sessions();
  assert.ok(first);
  const fact = { ...first.connected.fact, daemon: 'vsftpd' } as const;
  const session = { ...first, connected: { ...first.connected, fact } };
  const at = (lines: SessionLine[], ...gaps: GapLine[]) => {
    const checked = checkMoment([session], { moment: epochMs + 15_000, lines, gaps }, []);
    return [checked.faults.length, checked.missingAndTold];
  };
  const looksOnly = gap(1_000, { cause: 'looks-only', daemon: 'vsftpd' });
  assert.deepEqual(at([line({ daemon: 'vsftpd' })]), [0, 0]);
  assert.deepEqual(at([]), [1, 0]);
  assert.deepEqual(at([], looksOnly), [0, 1]);
  assert.deepEqual(at([], { ...looksOnly, daemon: 'proftpd' }), [1, 0]);
  assert.deepEqual(at([line()]), [2, 0], 'another daemon’s');
});

test('a session of pure-ftpd lasts until its master has learned of its end, and another’s until its process ends', () => {
  const kindsOf = (daemon: 'pure-ftpd' | 'vsftpd') => {
    const [first] = sessions();
    assert.ok(first);
    const fact = { ...first.connected.fact, daemon };
    const reaped = { from: 20_000, to: 23_000 };
    const session = { ...first, connected: { ...first.connected, fact }, reaped };
    const late = line({ daemon, ended_at: new Date(epochMs + 22_900).toISOString() });
    return [
      ...checkLog([session], [late], []).faults,
      ...checkMoment([session], { moment: epochMs + 22_000, lines: [late], gaps: [] }, []).faults,
    ].map(({ kind }) => kind);
  };
  assert.deepEqual(kindsOf('pure-ftpd'), []);
  assert.deepEqual(kindsOf('vsftpd'), ['wrong time', 'at']);
});

test('a session that is missing is a fault, unless a gap tells of it and of no other one', () => {
  const missing = (count: number, ...gaps: GapLine[]) => {
    const twice = sessions().flatMap((session) =>
      Array.from({ length: count }, () => ({ ...session })),
    );
    const { faults, missingAndTold } = checkLog(twice, [], gaps);
    assert.ok(faults.every(({ kind }) => kind === 'missing'));
    return [faults.length, missingAndTold];
  };
  assert.deepEqual(missing(1), [1, 0]);
  assert.deepEqual(missing(1, gap(20_100)), [0, 1]);
  assert.deepEqual(missing(1, gap(20_100, { pid: 501 })), [1, 0]);
  assert.deepEqual(missing(1, gap(5_000)), [1, 0]);
  assert.deepEqual(missing(1, gap(90_000)), [1, 0]);
  assert.deepEqual(missing(1, gap(20_100, { cause: 'slots-only', daemon: 'proftpd' })), [1, 0]);
  assert.deepEqual(missing(2, gap(20_100)), [1, 1]);
  assert.deepEqual(missing(2, gap(20_100), gap(20_200)), [0, 2]);
  const { pid: _, ...lost } = gap(20_100, { cause: 'events-lost' });
  assert.deepEqual(missing(2, lost), [0, 2]);
  assert.deepEqual(missing(1, { ...lost, at: gap(9_000 - 1).at }), [1, 0]);
  // A session of which there is a line uses up no gap.
  assert.equal(checkLog(sessions(), [line()], [gap(20_100)]).missingAndTold, 0);
});
