import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCollector } from '../../../src/collector/collector.ts';
import type { Found } from '../../../src/collector/daemon-scan.ts';
import { noDetails } from '../../../src/collector/details.ts';
import { formatGaps } from '../../../src/daemons/gap-text.ts';
import { localHost } from '../../../src/sessions/identity.ts';
import {
  everybody,
  ofLogins,
  ofSystemUsers,
  ofUids,
  ofUidsOrLogins,
} from '../../../src/sessions/scope.ts';
import type { FtpSession, Gap } from '../../../src/sessions/session.ts';

function session(pid: number, connectedAt: number | null, ownerUid = 1): FtpSession {
  return {
    host: localHost,
    pid,
    startTime: '1',
    daemon: 'test',
    title: '',
    ownerUid,
    user: null,
    isUserProven: false,
    remoteAddress: null,
    remotePort: null,
    localPort: null,
    state: 'idle',
    file: '',
    path: '',
    command: null,
    protocol: null,
    bytesMoved: null,
    bytesSkipped: null,
    bytesTotal: null,
    connectedAt,
    transferStartedAt: null,
    lastTransferStartedAt: null,
    idleSince: null,
  };
}

/** A fake scan, because what it finds has to be forced. */
function finding(found: Partial<Found>) {
  return async (): Promise<Found> => ({ sessions: [], gaps: [], daemons: [], ...found });
}

describe('a snapshot', () => {
  test('has the sessions of all daemons by time of connection, then by pid', async () => {
    const [one, two] = [
      [session(9, null), session(7, 200), session(5, null)],
      [session(8, 100), session(6, 200)],
    ];
    const collector = createCollector(finding({ sessions: [...one, ...two] }));
    const { sessions } = await collector.snapshot(everybody);
    assert.deepEqual(
      sessions.map(({ pid }) => pid),
      [8, 6, 7, 5, 9],
    );
  });

  test('gives what concerns root to nobody who asks for uids, also not for root’s', async () => {
    const gaps = [{ cause: 'daemon-in-container', ownerUid: 0 }] as const;
    const asked: unknown[] = [];
    const collector = createCollector(async (owners) => {
      asked.push(owners);
      return { sessions: [session(1, 1, 0), session(2, 2, 7)], gaps, daemons: [] };
    });
    const { sessions, gaps: seen } = await collector.snapshot(ofUids([0, 7]));
    assert.deepEqual([sessions.map(({ pid }) => pid), seen], [[2], []]);
    assert.deepEqual(asked, [new Set([7])]);
    const all = await collector.snapshot(everybody);
    assert.deepEqual([all.sessions.length, all.gaps], [2, gaps]);
  });

  test('has details for those alone that ask, and of their sessions alone', async () => {
    const read: number[][] = [];
    const collector = createCollector(
      finding({ sessions: [session(3, 1, 62_001), session(4, 2, 62_002)] }),
      {
        detailsOf: async (sessions) => {
          read.push(sessions.map(({ pid }) => pid));
          return sessions.map(({ pid }) => ({ ...noDetails, directory: `/of ${pid}` }));
        },
      },
    );
    const [plain, own] = await Promise.all([
      collector.snapshot(everybody),
      collector.snapshot(ofUids([62_002]), { details: true }),
    ]);
    assert.deepEqual([plain.details, read], [undefined, [[4]]]);
    assert.deepEqual(own.details, [{ ...noDetails, directory: '/of 4' }]);
  });

  test('of an owner has the owner’s sessions and gaps, and those of the host, alone', async () => {
    const collector = createCollector(
      finding({
        sessions: [session(3, 1, 62_001), session(4, 1, 62_002), session(5, 1, 0)],
        gaps: [
          { cause: 'file-unknown', ownerUid: 62_001 },
          { cause: 'session-unproven', ownerUid: 62_002 },
          { cause: 'processes-hidden', ownerUid: null },
          { cause: 'titles-off', ownerUid: 0 },
        ],
      }),
    );
    const { sessions, gaps } = await collector.snapshot(ofUids([62_001]));
    assert.deepEqual(
      sessions.map(({ pid }) => pid),
      [3],
    );
    assert.deepEqual(gaps, [
      { cause: 'file-unknown', ownerUid: 62_001 },
      { cause: 'processes-hidden', ownerUid: null },
    ]);
    assert.deepEqual((await collector.snapshot(ofUids([0]))).sessions, []);
  });

  test('was begun after it was asked for', async () => {
    const collector = createCollector(finding({}));
    const before = Date.now();
    const [one, two] = await Promise.all([
      collector.snapshot(everybody),
      collector.snapshot(ofUids([1])),
    ]);
    assert.ok(one.begunAt >= before && two.begunAt >= before);
  });

  test('fails when the scan itself fails: nothing is not given as the whole', async () => {
    const collector = createCollector(() => Promise.reject(new Error('forced')));
    await assert.rejects(collector.snapshot(everybody), /forced/);
  });

  test('of one owner is not changed by another owner’s', async () => {
    const collector = createCollector(
      finding({ sessions: [session(3, 1, 62_001), session(4, 1, 62_002)] }),
    );
    const snapshots = await Promise.all(
      [62_001, 62_002, 62_001].map((uid) => collector.snapshot(ofUids([uid]))),
    );
    const pids = snapshots.map(({ sessions }) => sessions.map(({ pid }) => pid));
    assert.deepEqual(pids, [[3], [4], [3]]);
  });
});

describe('a snapshot of system users', () => {
  const found = finding({
    sessions: [session(1, 1, 62_001), session(2, 2, 62_002), session(3, 3, 0)],
    gaps: [
      { cause: 'file-unknown', ownerUid: 62_001 },
      { cause: 'login-unknown', ownerUid: 0 },
    ],
  });

  /** A fake of passwd(5), which changes as a test likes. */
  function users(uids: ReadonlyMap<string, number>) {
    let seen = new Map<string, number>();
    return {
      refresh: () => {
        seen = new Map(uids);
      },
      uidsOf: async () => seen,
    };
  }

  test('has the sessions of the uids that the names have at this moment', async () => {
    const uids = new Map([['alice', 62_001]]);
    const collector = createCollector(found, { systemUsers: users(uids) });
    const look = async () => {
      const { sessions, gaps } = await collector.snapshot(ofSystemUsers(['alice']));
      return [sessions.map(({ pid }) => pid), gaps];
    };
    assert.deepEqual(await look(), [[1], [{ cause: 'file-unknown', ownerUid: 62_001 }]]);
    uids.set('alice', 62_002);
    assert.deepEqual(await look(), [[2], []]);
  });

  test('says which names this host does not have, and which is root', async () => {
    const systemUsers = users(new Map([['toor', 0]]));
    const collector = createCollector(found, { systemUsers });
    const { sessions, gaps } = await collector.snapshot(ofSystemUsers(['toor', 'nemo']));
    assert.deepEqual(sessions, []);
    assert.deepEqual(gaps, [
      { cause: 'system-user-unknown', ownerUid: null, systemUser: 'nemo' },
      { cause: 'system-user-is-root', ownerUid: null, systemUser: 'toor' },
    ]);
    assert.deepEqual(formatGaps(gaps), [
      'This server has no system user “nemo”.',
      'The system user “toor” is root: root’s sessions belong to no account, and only administrators see them.',
    ]);
  });

  test('fails when they cannot be looked up: that is not to say that there are none', async () => {
    const systemUsers = { refresh: () => {}, uidsOf: () => Promise.reject(new Error('forced')) };
    const collector = createCollector(found, { systemUsers });
    await assert.rejects(collector.snapshot(ofSystemUsers(['alice'])), /forced/);
  });
});

describe('a snapshot of FTP logins', () => {
  const login = (pid: number, user: string | null, facts: Partial<FtpSession> = {}) => ({
    ...session(pid, pid, 62_001),
    user,
    isUserProven: user !== null,
    ...facts,
  });

  async function look(logins: readonly string[], found: Partial<Found>) {
    const { sessions, gaps } = await createCollector(finding(found)).snapshot(ofLogins(logins));
    return [sessions.map(({ user }) => user), gaps] as const;
  }

  const many = [
    login(1, 'dev@shop.example'),
    login(2, 'shop'),
    login(3, 'Shop'),
    login(4, '@shop.example'),
    login(5, 'dev@shop.example.evil'),
    login(6, 'dev@shop.example', { ownerUid: 62_002 }),
  ];

  test('has those of these very names, whatever uid they run as', async () => {
    const [users, gaps] = await look(['shop', 'dev@shop.example'], { sessions: many });
    assert.deepEqual(users, ['dev@shop.example', 'shop', 'dev@shop.example']);
    assert.deepEqual(gaps, []);
  });

  test('has those that end in what stands behind a star, with something before it', async () => {
    const [users, gaps] = await look(['*@shop.example'], { sessions: many });
    assert.deepEqual(users, ['dev@shop.example', 'dev@shop.example']);
    assert.deepEqual(gaps, []);
  });

  test('has none of root’s and none without a proven login, and says that these may be its own', async () => {
    const unproven = { cause: 'login-unproven', ownerUid: null };
    const claimed = login(1, 'shop', { isUserProven: false });
    assert.deepEqual(await look(['shop'], { sessions: [claimed] }), [[], [unproven]]);
    assert.deepEqual(await look(['shop'], { sessions: [login(1, null)] }), [[], [unproven]]);
    const roots = [login(1, 'shop', { ownerUid: 0 }), login(2, null, { ownerUid: 0 })];
    assert.deepEqual(await look(['shop'], { sessions: roots }), [[], []]);
    const admin = await createCollector(finding({ sessions: [claimed] })).snapshot(everybody);
    assert.deepEqual(admin.sessions, [claimed]);
  });

  test('is told what concerns the host and its own logins, of others nothing, of unknown ones once', async () => {
    const own = { cause: 'file-unknown', ownerUid: 62_001, login: 'a@shop.example' };
    const host = { cause: 'processes-hidden', ownerUid: null };
    const others = [
      { cause: 'file-unknown', ownerUid: 62_001, login: 'bob' },
      { cause: 'daemon-untrusted', ownerUid: 0 },
    ];
    const logins = ['*@shop.example'];
    assert.deepEqual((await look(logins, { gaps: [own, host, ...others] }))[1], [own, host]);
    // Each user of the host can have one of these.
    const users = { cause: 'daemon-of-user', ownerUid: 62_002 };
    assert.deepEqual((await look(logins, { gaps: [own, users] }))[1], [own]);
    const unknown = [
      { cause: 'state-unknown', ownerUid: 62_001 },
      { cause: 'session-unproven', ownerUid: 62_002 },
    ];
    assert.deepEqual((await look(logins, { gaps: [own, ...unknown] }))[1], [
      own,
      { cause: 'login-unproven', ownerUid: null },
    ]);
  });

  test('and of uids has those of either, and no word of what a uid of it accounts for', async () => {
    const sessions = [
      login(1, 'shop'),
      login(2, 'other', { ownerUid: 62_002 }),
      login(3, null, { ownerUid: 62_002 }),
      login(4, 'root', { ownerUid: 0 }),
      login(5, 'other'),
    ];
    const gap = { cause: 'file-unknown', ownerUid: 62_002 };
    const foreign = { ...gap, ownerUid: 62_003, login: 'other' };
    const look = async (gaps: readonly Gap[]) => {
      const scan = createCollector(finding({ sessions, gaps }));
      return await scan.snapshot(ofUidsOrLogins([0, 62_002], ['shop', 'root']));
    };
    const seen = await look([gap, foreign]);
    assert.deepEqual(
      seen.sessions.map(({ pid }) => pid),
      [1, 2, 3],
    );
    assert.deepEqual(seen.gaps, [gap]);
    const unproven = { cause: 'login-unproven', ownerUid: null };
    assert.deepEqual((await look([{ ...gap, ownerUid: 62_003 }])).gaps, [unproven]);
  });

  test('shares a scan with others, each of whom gets its own', async () => {
    let scans = 0;
    const collector = createCollector(async () => {
      scans += 1;
      return { sessions: many, gaps: [], daemons: [] };
    });
    const seen = await Promise.all(
      [ofLogins(['shop']), ofUids([62_002]), everybody].map((scope) => collector.snapshot(scope)),
    );
    assert.deepEqual(
      seen.map(({ sessions }) => sessions.length),
      [1, 1, 6],
    );
    assert.equal(scans, 1);
  });
});
