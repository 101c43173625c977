import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proftpdDriver as driver } from '../../../../src/daemons/proftpd/driver.ts';
import type { SessionRecord } from '../../../../src/daemons/proftpd/record.ts';
import { entryLayouts, parseEntry } from '../../../../src/daemons/proftpd/scoreboard-entry.ts';
import type {
  ContainedFiles,
  OpenFile,
  Process,
  ProcessFiles,
  TcpSocket,
} from '../../../../src/os/processes/process-table.ts';
import { entryBytes, scoreboardBytes } from '../../../support/proftpd/entry-bytes.ts';

const home = '/home/alice';
const peer = '192.0.2.7';
const pid = 100;

/** What a session has open beside its own, by descriptor; the scoreboard is 5. */
interface Scene {
  /** What the record says, and the title where it tells. */
  readonly command: string;
  readonly isTerse?: boolean;
  readonly root?: string;
  readonly protocol?: 'sftp';
  /** Where each file stands that is read or written. */
  readonly positionBytes?: number;
  readonly open: readonly [fd: number, target: string, access?: 'read' | 'write'][];
  /** Who is behind sockets that are not the client's. */
  readonly peers?: Readonly<Record<number, string>>;
  /** Of the data connection; one that the client made unless given. */
  readonly localPort?: number;
}

const held: Scene['open'] = [
  [0, 'socket:[1]'],
  [1, 'socket:[1]'],
  [2, 'socket:[9]'],
  [3, '/var/log/proftpd/x.log', 'write'],
  [4, '/run/proftpd.delay'],
  [5, '/run/proftpd.scoreboard'],
  [6, '/run/proftpd.scoreboard.lck', 'read'],
];

const shared = ({ open, root = home, peers = {}, localPort = 50_000 }: Scene) => {
  const all = [...held, ...open];
  const accessOf = (fd: number) => all.find(([each]) => each === fd)?.[2] ?? 'read-write';
  const list: OpenFile[] = all.map(([fd, target]) => ({ fd, target }));
  const sockets = list.flatMap(({ fd, target }): TcpSocket[] => {
    if (!target.startsWith('socket:')) return [];
    const remoteAddress = peers[fd] ?? peer;
    const numbers = { localPort, remotePort: 4_000, unsentBytes: 0 };
    return [{ fd, listening: fd === 2, remoteAddress, ...numbers }];
  });
  return { accessOf, list, sockets, root };
};

const process: Process = {
  pid,
  parentPid: 1,
  startTime: '1',
  startedAtMs: 0,
  title: '',
  uid: 62_001,
  realUid: 62_001,
  isWhollyRoot: false,
  name: 'proftpd',
  executablePath: '/usr/sbin/proftpd',
  executable: { path: '/usr/sbin/proftpd', identity: '8:1', writableByRootOnly: true },
};

function observed(scene: Scene) {
  const { accessOf, list, sockets, root } = shared(scene);
  const [layout] = entryLayouts;
  const entry =
    layout &&
    parseEntry(entryBytes({ command: scene.command, protocol: scene.protocol ?? 'ftp' }), layout);
  assert.ok(entry);
  const title =
    scene.isTerse === true
      ? 'proftpd: processing connection'
      : `proftpd: alice - ${peer}: ${scene.command} x`;
  const record: SessionRecord = {
    kind: 'entry',
    entry,
    isOwn: true,
    isSettled: true,
    isStillSame: () => true,
    scoreboard: 5,
    remotePort: 4_000,
    listsSftp: false,
  };
  const describe = (fd: number) => ({
    access: accessOf(fd),
    isDirectory: false,
    appends: fd === 3,
    positionBytes: scene.positionBytes ?? 0,
    isLocked: false,
    mountId: null,
    inode: null,
  });
  const files = {
    list: () => list,
    rootOf: () => root,
    describe: (_process: unknown, fd: number) => describe(fd),
    mountOf: () => null,
    tcpSockets: () => sockets,
  } as unknown as ProcessFiles;
  const candidate = {
    process: { ...process, title },
    parent: null,
    master: null,
    setsTitles: true,
    needsRecord: false,
  };
  return driver.observe(candidate, record, files);
}

function contained(scene: Scene) {
  const { accessOf, list, sockets, root } = shared(scene);
  const bytes = scoreboardBytes([entryBytes({ pid, command: scene.command })]);
  const files: ContainedFiles = {
    isExhausted: false,
    list: () => list,
    accessOf: (_process, fd) => accessOf(fd),
    statOf: () => ({ isFile: true, sizeBytes: 1 }),
    withFile: (_process, fd, use) =>
      fd === 5 ? use((into, at, length) => bytes.copy(into, 0, at, at + length), 'x') : null,
    socketOf: (_process, fd) => sockets.find((each) => each.fd === fd) ?? null,
    rootOf: () => root,
  };
  return driver.observeContained({ process, parent: null, ownPid: pid }, files);
}

const stateOf = (found: ReturnType<typeof observed>) => found.session?.state;
const all = (scene: Scene) => [
  stateOf(observed(scene)),
  stateOf(observed({ ...scene, isTerse: true })),
  stateOf(contained(scene)),
];

test('a session that answers in the midst of a transfer transfers, whatever its title says', () => {
  for (const root of [home, '/']) {
    for (const [access, state] of [
      ['read', 'download'],
      ['write', 'upload'],
    ] as const) {
      const scene: Scene = {
        command: 'STAT',
        root,
        open: [
          [8, `${home}/f`, access],
          [10, 'socket:[2]'],
          [11, 'socket:[2]'],
        ],
      };
      assert.deepEqual(all(scene), [state, state, state], `${root} ${access}`);
      // Its title has the transfer again before long, and the name of the file.
      assert.equal(observed(scene).isConsistent, false);
      assert.equal(observed({ ...scene, isTerse: true }).isConsistent, true);
    }
  }
});

test('a file that a command opens beside no data connection is no transfer', () => {
  const file: Scene['open'] = [[8, `${home}/f`, 'read']];
  for (const command of ['XMD5', 'CWD', 'SITE']) {
    assert.deepEqual(all({ command, open: file }), ['idle', 'idle', 'idle'], command);
  }
  // What was opened behind the data connection is a listing's, or an answer's beside a transfer.
  const behind: Scene['open'] = [[7, 'socket:[2]'], ...file];
  for (const command of ['MLSD', 'XMD5']) {
    assert.deepEqual(all({ command, open: behind }), ['idle', 'idle', 'idle'], command);
  }
  const listing: Scene['open'] = [...file, [9, 'socket:[2]']];
  assert.deepEqual(all({ command: 'LIST', open: listing }), ['idle', 'idle', 'idle']);
});

test('where a session is not confined, neither the daemon’s files nor its database are a transfer', () => {
  const scene: Scene = {
    command: 'CWD',
    root: '/',
    open: [
      [8, '/etc/proftpd/users', 'read'],
      [9, 'socket:[2]'],
    ],
    peers: { 9: '192.0.2.99' },
  };
  assert.deepEqual(all(scene), ['idle', 'idle', 'idle']);
});

test('where a session is not confined, a file that may be the daemon’s own is never taken for a transfer', () => {
  const unconfined = { command: 'STAT', root: '/' };
  const list: Scene['open'][number] = [7, '/etc/proftpd/users', 'read'];
  const log: Scene['open'][number] = [7, '/var/log/xferlog', 'write'];
  const data = (fd: number): Scene['open'] => [
    [fd, 'socket:[2]'],
    [fd + 1, 'socket:[2]'],
  ];
  const none = [undefined, undefined, undefined];
  const idle = ['idle', 'idle', 'idle'];
  // The file of the transfer has been closed, and its data connection not yet.
  assert.deepEqual(all({ ...unconfined, open: data(9) }), idle);
  assert.deepEqual(all({ ...unconfined, open: data(10) }), idle);
  for (const own of [list, log]) {
    assert.deepEqual(all({ ...unconfined, open: [own, ...data(10)] }), idle);
    assert.deepEqual(all({ ...unconfined, open: [own, ...data(11)] }), idle);
    // So are the descriptors of an active transfer whose file that is.
    assert.deepEqual(all({ ...unconfined, open: [own, ...data(9)] }), none);
  }
  // The daemon’s own had a hole, which the file of an active transfer had.
  const [, ...name] = list;
  const holed: Scene['open'] = [[8, ...name], ...data(10)];
  assert.deepEqual(all({ ...unconfined, open: holed, localPort: 20 }), none);
  const found = observed({ ...unconfined, isTerse: true, open: [list, ...data(9)] });
  assert.deepEqual(found.gaps, ['state-unknown']);
  assert.deepEqual(contained({ ...unconfined, open: [list, ...data(9)] }).gaps, ['state-unknown']);
});

test('where a session is not confined, a transfer that its title names has no path once its file has been closed', () => {
  for (const isTerse of [false, true]) {
    for (const data of [9, 10]) {
      const open: Scene['open'] = [
        [7, '/etc/proftpd/users', 'read'],
        [data + 1, 'socket:[2]'],
        [data + 2, 'socket:[2]'],
      ];
      const { session } = observed({ command: 'RETR', root: '/', isTerse, open });
      assert.deepEqual([session?.state, session?.path], ['download', null]);
    }
  }
});

test('where an SFTP session is not confined, a file that the daemon may have open to read is no download', () => {
  const sftp = { command: 'READ', isTerse: true, root: '/', protocol: 'sftp' } as const;
  const own: Scene['open'] = [[7, '/etc/proftpd/users', 'read']];
  assert.equal(stateOf(observed({ ...sftp, open: [] })), 'idle');
  assert.equal(stateOf(observed({ ...sftp, open: own, positionBytes: 33 })), 'idle');
  const found = observed({ ...sftp, open: own });
  assert.deepEqual([found.session, found.gaps], [null, ['state-unknown']]);
  // No log is written like this.
  const upload: Scene['open'] = [[7, `${home}/f`, 'write']];
  assert.equal(stateOf(observed({ ...sftp, open: upload })), 'upload');
  assert.equal(
    stateOf(observed({ ...sftp, root: home, open: [[7, `${home}/f`, 'read']] })),
    'download',
  );
});
