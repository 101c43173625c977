import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DaemonName, daemonNames } from '../support/host-daemons.ts';
import { checkAnswer } from './checker.ts';
import { createHistory } from './history.ts';
import { type Activity, type Answer, type Change, type Fact, idle, type Row } from './log.ts';

const [alice, bob] = [62_001, 62_002];

/** A wall clock that is this far ahead of the monotonic one. */
const epochMs = 1_700_000_000_000;

function change(session: number, from: number, to: number, fact: Fact): Change {
  return { session, from, to, clock: { from: epochMs + from, to: epochMs + to }, fact };
}

const connectedTo = (
  pid: number,
  remotePort: number,
  remoteAddress = '127.0.1.1',
  daemon: DaemonName = 'pure-ftpd',
): Fact => ({
  kind: 'connected',
  daemon,
  pid,
  remoteAddress,
  remotePort,
  localPort: 21,
});
const doing = (activity: Activity): Fact => ({ kind: 'doing', activity });
const downloading: Activity = { state: 'download', file: 't1-1.bin', bytesTotal: 500 };
const uploading: Activity = { state: 'upload', file: 't1-2.bin', bytesTotal: null };

/** alice's session: connected by 10 020, logged in by 11 020, downloads from 12 000 to 13 020. */
const aliceLog: readonly Change[] = [
  change(1, 10_000, 10_020, connectedTo(500, 40_001)),
  change(1, 11_000, 11_020, doing(idle)),
  change(1, 11_000, 11_020, { kind: 'logged-in', user: 'alice', ownerUid: alice }),
  change(1, 12_000, 12_020, doing(downloading)),
  change(1, 13_000, 13_020, doing(idle)),
];
const aliceEnds = change(1, 20_000, 20_030, { kind: 'ended' });

/** bob's virtual user's session, idle from the beginning to the end. */
const bobLog: readonly Change[] = [
  change(2, 10_000, 10_020, connectedTo(600, 40_002, '127.0.1.2')),
  change(2, 11_000, 11_020, doing(idle)),
  change(2, 11_000, 11_020, { kind: 'logged-in', user: 'dev@bob.example', ownerUid: bob }),
];

const aliceRow: Row = {
  pid: 500,
  title: 'pure-ftpd (IDLE)',
  user: 'alice',
  ownerUid: alice,
  remoteAddress: '127.0.1.1',
  remotePort: 40_001,
  localPort: 21,
  state: 'idle',
  file: '',
  connectedAt: epochMs / 1000 + 10,
  bytesMoved: null,
  bytesTotal: null,
  transferStartedAt: null,
};
const aliceDownloads: Row = {
  ...aliceRow,
  title: 'pure-ftpd (DOWNLOAD)',
  state: 'download',
  file: 't1-1.bin',
  bytesMoved: 400,
  bytesTotal: 500,
  transferStartedAt: epochMs / 1000 + 12,
};
const bobRow: Row = {
  ...aliceRow,
  pid: 600,
  user: 'dev@bob.example',
  ownerUid: bob,
  remoteAddress: '127.0.1.2',
  remotePort: 40_002,
};

/** alice's session ends, and carol logs in with the same pid. */
const pidUsedAgain: readonly Change[] = [
  ...aliceLog,
  aliceEnds,
  change(4, 21_000, 21_020, connectedTo(500, 40_009, '127.0.1.9')),
  change(4, 22_000, 22_020, doing(idle)),
  change(4, 22_000, 22_020, { kind: 'logged-in', user: 'carol', ownerUid: 62_003 }),
];
const carolRow: Row = {
  ...aliceRow,
  user: 'carol',
  ownerUid: 62_003,
  remoteAddress: '127.0.1.9',
  remotePort: 40_009,
  connectedAt: epochMs / 1000 + 21,
};

/** Without what the wire does not tell. */
function overHttp({ pid, title, user, remoteAddress, state, file, connectedAt }: Row): Row {
  return { pid, title, user, remoteAddress, state, file, connectedAt };
}

function answer(asked: number, answered: number, rows: Row[] | null, facts: Partial<Answer> = {}) {
  return { source: 'test', owner: null, asked, answered, error: null, gaps: [], rows, ...facts };
}

/** What is wrong with an answer, by kinds. */
function kinds(log: readonly Change[], given: Answer): string[] {
  const history = createHistory();
  for (const each of log) history.add(each);
  return checkAnswer(history, given).map(({ kind }) => kind);
}

const both = [...aliceLog, ...bobLog];

describe('finds nothing wrong with', () => {
  const right: [name: string, log: readonly Change[], given: Answer][] = [
    ['all sessions as they were', both, answer(14_000, 14_100, [aliceRow, bobRow])],
    ['a download as it was', aliceLog, answer(12_500, 12_600, [aliceDownloads])],
    ['an account’s own sessions', both, answer(14_000, 14_100, [aliceRow], { owner: alice })],
    ['an answer before anybody logged in', both, answer(10_500, 10_600, [])],
    ['a login during the scan, shown', aliceLog, answer(11_010, 11_015, [aliceRow])],
    ['a login during the scan, not shown', aliceLog, answer(11_010, 11_015, [])],
    ['a login after the question, not shown', aliceLog, answer(10_900, 12_000, [])],
    ['an end during the scan, shown', [...aliceLog, aliceEnds], answer(20_029, 20_100, [aliceRow])],
    ['an end during the scan, not shown', [...aliceLog, aliceEnds], answer(19_000, 20_001, [])],
    ['an end by now, not shown', [...aliceLog, aliceEnds], answer(20_100, 20_200, [])],
    [
      'a change of status during the scan, shown as before',
      aliceLog,
      answer(12_010, 12_015, [aliceRow]),
    ],
    [
      'a change of status during the scan, shown as after',
      aliceLog,
      answer(11_900, 12_005, [aliceDownloads]),
    ],
    ['what HTTP does not tell', aliceLog, answer(14_000, 14_100, [overHttp(aliceRow)])],
    [
      'a time of connection by the kernel’s coarse clock',
      [change(1, 15_001, 15_020, connectedTo(500, 40_001)), ...aliceLog.slice(1, 3)],
      answer(30_000, 30_100, [{ ...aliceRow, connectedAt: epochMs / 1000 + 14 }]),
    ],
    [
      'a pid that is used again during the scan, of the first session',
      pidUsedAgain,
      answer(20_010, 25_000, [aliceRow]),
    ],
    [
      'a pid that is used again during the scan, of the second session',
      pidUsedAgain,
      answer(20_010, 25_000, [carolRow]),
    ],
  ];
  for (const [name, log, given] of right) {
    test(name, () => assert.deepEqual(kinds(log, given), []));
  }
});

describe('catches', () => {
  const during = (rows: Row[], facts: Partial<Answer> = {}) => answer(14_000, 14_100, rows, facts);
  const wrong: [name: string, kind: string, log: readonly Change[], given: Answer][] = [
    ['a row of a process that is none', 'no session', [], during([aliceRow])],
    [
      'a row of a session that had ended',
      'no session',
      [...aliceLog, aliceEnds],
      answer(20_031, 20_100, [aliceRow]),
    ],
    [
      'a row of a session that has not logged in',
      'no session',
      aliceLog,
      answer(10_500, 10_999, [aliceRow]),
    ],
    ['two rows of one session', 'no session', aliceLog, during([aliceRow, aliceRow])],
    ['a missing session', 'missing', both, during([aliceRow])],
    ['a missing session of the account', 'missing', both, during([], { owner: bob })],
    [
      'a missing session whose pid had been another’s',
      'missing',
      pidUsedAgain,
      answer(23_000, 23_100, []),
    ],
    ['another’s user', 'foreign fact', aliceLog, during([{ ...aliceRow, user: 'bob' }])],
    ['no user', 'foreign fact', aliceLog, during([{ ...aliceRow, user: null }])],
    ['another’s owner', 'foreign fact', aliceLog, during([{ ...aliceRow, ownerUid: bob }])],
    [
      'another’s host',
      'foreign fact',
      aliceLog,
      during([{ ...aliceRow, remoteAddress: '127.0.1.2' }]),
    ],
    ['another’s port', 'foreign fact', aliceLog, during([{ ...aliceRow, remotePort: 40_002 }])],
    ['another server port', 'foreign fact', aliceLog, during([{ ...aliceRow, localPort: 22 }])],
    [
      'another’s time of connection',
      'foreign fact',
      aliceLog,
      during([{ ...aliceRow, connectedAt: epochMs / 1000 + 11 }]),
    ],
    [
      'another’s file',
      'foreign fact',
      aliceLog,
      answer(12_500, 12_600, [{ ...aliceDownloads, file: 't2-1.bin' }]),
    ],
    [
      'facts of the pid’s earlier session',
      'foreign fact',
      pidUsedAgain,
      answer(23_000, 23_100, [{ ...carolRow, user: 'alice' }]),
    ],
    ['a status of long ago', 'wrong state', aliceLog, during([aliceDownloads])],
    ['a status of later', 'wrong state', aliceLog, answer(11_500, 11_600, [aliceDownloads])],
    ['idle in a download', 'wrong state', aliceLog, answer(12_500, 12_600, [aliceRow])],
    [
      'a download as an upload',
      'wrong state',
      aliceLog,
      answer(12_500, 12_600, [{ ...aliceDownloads, state: 'upload', title: 'pure-ftpd (UPLOAD)' }]),
    ],
    [
      'a file of the session’s other transfer',
      'wrong state',
      [...aliceLog, change(1, 15_000, 15_020, doing(uploading))],
      answer(12_500, 12_600, [{ ...aliceDownloads, file: 't1-2.bin' }]),
    ],
    [
      'a file without a transfer',
      'wrong state',
      aliceLog,
      during([{ ...aliceRow, file: 't1-1.bin' }]),
    ],
    [
      'a title of another status',
      'wrong state',
      aliceLog,
      during([{ ...aliceRow, title: 'pure-ftpd (UPLOAD)' }]),
    ],
    [
      'more bytes than the file has',
      'wrong state',
      aliceLog,
      answer(12_500, 12_600, [{ ...aliceDownloads, bytesMoved: 501 }]),
    ],
    [
      'another’s size',
      'wrong state',
      aliceLog,
      answer(12_500, 12_600, [{ ...aliceDownloads, bytesTotal: 5_000 }]),
    ],
    [
      'another’s beginning of the transfer',
      'wrong state',
      aliceLog,
      answer(12_500, 12_600, [{ ...aliceDownloads, transferStartedAt: epochMs / 1000 + 10 }]),
    ],
    [
      'a row shown to an account that does not own it',
      'not the owner',
      both,
      during([aliceRow, bobRow], { owner: alice }),
    ],
    [
      'a row shown to an account that does not own it, over HTTP',
      'not the owner',
      both,
      during([aliceRow, overHttp(bobRow)], { owner: alice }),
    ],
    ['a failure', 'error', both, answer(14_000, 14_100, null, { error: 'HTTP 500' })],
    ['a warning', 'error', both, during([aliceRow, bobRow], { error: 'may be missing' })],
  ];
  for (const [name, kind, log, given] of wrong) {
    test(name, () => assert.deepEqual(kinds(log, given), [kind]));
  }

  test('what is missing beside a warning, too', () => {
    const given = during([aliceRow], { error: 'sessions may be missing' });
    assert.deepEqual(kinds(both, given), ['error', 'missing']);
  });
});

test('shows with a violation the row, the question and what the log has of the session', () => {
  const history = createHistory();
  for (const each of both) history.add(each);
  const row = { ...aliceRow, user: 'bob' };
  const [violation] = checkAnswer(history, answer(14_000, 14_100, [row, bobRow]));
  assert.equal(violation?.detail, 'user is alice, not bob');
  assert.equal(violation?.row, row);
  assert.deepEqual([violation?.answer.asked, violation?.answer.answered], [14_000, 14_100]);
  assert.deepEqual(
    violation?.log.map(({ session }) => session),
    [1],
  );
});

/** What the rows of a daemon are, for the same log. */
const titles: Readonly<Record<DaemonName, { readonly idle: string; readonly download: string }>> = {
  'pure-ftpd': { idle: 'pure-ftpd (IDLE)', download: 'pure-ftpd (DOWNLOAD)' },
  proftpd: {
    idle: 'proftpd: alice - 127.0.1.1: IDLE',
    download: 'proftpd: alice - 127.0.1.1: RETR t1-1.bin',
  },
  vsftpd: {
    idle: 'vsftpd: 127.0.1.1/alice: IDLE',
    download: 'vsftpd: 127.0.1.1/alice: RETR t1-1.bin',
  },
};

for (const daemon of daemonNames) {
  describe(`of ${daemon}`, () => {
    const log = [
      change(1, 10_100, 10_120, connectedTo(500, 40_001, '127.0.1.1', daemon)),
      ...aliceLog.slice(1),
    ];
    const idles = { ...aliceRow, title: titles[daemon].idle };
    const downloads = { ...aliceDownloads, title: titles[daemon].download };
    const early = { ...idles, connectedAt: epochMs / 1000 + 9 };
    const noProgress = { ...downloads, bytesMoved: null, transferStartedAt: null };
    const noPeer = { ...idles, remoteAddress: null, remotePort: null, localPort: null };
    const withoutRecord = { gaps: ['proftpd-record-missing'] };
    const withoutPeer = { gaps: ['address-unknown'] };
    const leaves = [...log, change(1, 13_900, 14_300, { kind: 'ended' })];
    const others = daemonNames.filter((each) => each !== daemon);

    test('finds nothing wrong with what is right', () => {
      assert.deepEqual(kinds(log, answer(14_000, 14_100, [idles])), []);
      assert.deepEqual(kinds(log, answer(12_500, 12_600, [downloads])), []);
    });

    const lacks = daemon === 'pure-ftpd' ? 'catches' : 'finds nothing wrong with';
    test(`${lacks} what another daemon’s record alone tells`, () => {
      const isWrong = daemon === 'pure-ftpd';
      const wrong = (...some: string[]) => (isWrong ? some : []);
      const foreign = Array.from({ length: 3 }, () => 'foreign fact');
      // No daemon's time of connection may be a second early.
      assert.deepEqual(kinds(log, answer(14_000, 14_100, [early])), ['foreign fact']);
      assert.deepEqual(kinds(log, answer(12_500, 12_600, [noProgress])), wrong('wrong state'));
      assert.deepEqual(
        kinds(leaves, answer(14_000, 14_100, [noPeer], withoutPeer)),
        wrong('error', ...foreign),
      );
    });

    const planted: [name: string, kind: string, given: Answer][] = [
      [
        'a time of connection that is earlier still',
        'foreign fact',
        answer(14_000, 14_100, [{ ...idles, connectedAt: epochMs / 1000 + 8 }]),
      ],
      [
        'a title of another user’s',
        daemon === 'pure-ftpd' ? '' : 'wrong state',
        answer(14_000, 14_100, [{ ...idles, title: idles.title.replace('alice', 'bob') }]),
      ],
      ...others.map((other): [string, string, Answer] => [
        `a title of ${other}’s`,
        'wrong state',
        answer(14_000, 14_100, [{ ...idles, title: titles[other].idle }]),
      ]),
      [
        'a download under the title of an idle one',
        'wrong state',
        answer(12_500, 12_600, [{ ...downloads, title: idles.title }]),
      ],
      [
        'more bytes than the file has',
        'wrong state',
        answer(12_500, 12_600, [{ ...downloads, bytesMoved: 501 }]),
      ],
      [
        'a beginning before the transfer was prepared',
        'wrong state',
        answer(12_500, 12_600, [{ ...downloads, transferStartedAt: epochMs / 1000 + 10 }]),
      ],
      ['another’s size', 'wrong state', answer(12_500, 12_600, [{ ...downloads, bytesTotal: 1 }])],
      [
        'another’s file',
        'foreign fact',
        answer(12_500, 12_600, [{ ...downloads, file: 't2-1.bin' }]),
      ],
      [
        'no peer of a client that is there',
        'foreign fact',
        answer(14_000, 14_100, [{ ...idles, remotePort: null }]),
      ],
      [
        'that an address is unknown while all clients are there',
        'error',
        answer(14_000, 14_100, [idles], withoutPeer),
      ],
      [
        'that a record of ProFTPD’s is missing where it has none',
        daemon === 'proftpd' ? '' : 'error',
        answer(14_000, 14_100, [idles], withoutRecord),
      ],
      [
        'a file that is unknown though its name is short',
        'error',
        answer(14_000, 14_100, [idles], { gaps: ['file-unknown'] }),
      ],
      ['any other gap', 'error', answer(14_000, 14_100, [idles], { gaps: ['titles-off'] })],
      ['a missing session', 'missing', answer(14_000, 14_100, [])],
      [
        'a row shown to an account that does not own it',
        'not the owner',
        answer(14_000, 14_100, [idles], { owner: bob }),
      ],
      [
        'a row of what the client had connected to before it logged in',
        'no session',
        answer(10_500, 10_600, [idles]),
      ],
    ];
    for (const [name, kind, given] of planted) {
      if (kind !== '') test(`catches ${name}`, () => assert.deepEqual(kinds(log, given), [kind]));
    }
  });
}

test('a session that is a process of its own from the login on is known by that one’s pid', () => {
  const log = [
    change(1, 10_000, 10_020, connectedTo(500, 40_001, '127.0.1.1', 'vsftpd')),
    change(1, 11_000, 11_020, doing(idle)),
    change(1, 11_000, 11_020, { kind: 'logged-in', user: 'alice', ownerUid: alice, pid: 502 }),
  ];
  const row = { ...aliceRow, pid: 502, title: titles.vsftpd.idle };
  assert.deepEqual(kinds(log, answer(14_000, 14_100, [row])), []);
  // What serves its connection is none.
  assert.deepEqual(kinds(log, answer(14_000, 14_100, [{ ...row, pid: 500 }])), [
    'no session',
    'missing',
  ]);
});
