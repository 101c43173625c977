import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readRecord } from '../../../../src/daemons/pure-ftpd/record.ts';
import { openScoreboard, type Scoreboard } from '../../../../src/daemons/pure-ftpd/scoreboard.ts';
import {
  parseScoreboardEntry,
  type ScoreboardEntry,
} from '../../../../src/daemons/pure-ftpd/scoreboard-entry.ts';
import type {
  DescriptorInfo,
  Process,
  ProcessFiles,
} from '../../../../src/os/processes/process-table.ts';
import {
  builds,
  type EntryFields,
  encodeEntry,
} from '../../../system/daemons/pure-ftpd/entry-bytes.ts';

const process: Process = {
  pid: 4711,
  parentPid: 1,
  startTime: '1',
  startedAtMs: 1_700_000_000_500,
  title: 'pure-ftpd (IDLE)',
  uid: 62_001,
  realUid: 62_001,
  isWhollyRoot: false,
  name: 'pure-ftpd',
  executablePath: '/usr/sbin/pure-ftpd',
  executable: null,
};
const fields: EntryFields = {
  state: 2,
  pid: 4711,
  remoteAddress: Buffer.from([192, 0, 2, 7]),
  remotePort: 50_100,
  localAddress: Buffer.from([127, 0, 0, 1]),
  localPort: 21,
  connectedAt: 1_700_000_000n,
  transferStartedAt: 0n,
  restartedAt: 0n,
  bytesTotal: 100n,
  bytesMoved: 0n,
  account: Buffer.from('alice'),
  file: Buffer.from('f'),
};
const bytesOf = (change: Partial<EntryFields> = {}) =>
  encodeEntry({ ...fields, ...change }, builds[1]);

/** One reading after the other; the last one stays. */
function inTurn<T>(all: readonly T[]): () => T {
  const left = [...all];
  return () => (left.length > 1 ? left.shift() : left[0]) as T;
}

const own = { fd: 6, target: '/run/pure-ftpd/client-00004711' };
const info: DescriptorInfo = {
  access: 'read-write',
  isDirectory: false,
  appends: false,
  positionBytes: 0,
  isLocked: false,
  mountId: 90,
  inode: '21',
};

interface Held {
  readonly open?: readonly (typeof own)[] | null;
  readonly info?: Partial<DescriptorInfo>;
  readonly fileSystem?: string | null;
  readonly device?: string;
  readonly writableByRootOnly?: boolean;
  /** What the record's readings give. */
  readonly readings?: readonly Buffer[];
}

/** Fake open files, because what a session holds and writes at one moment has to be forced. */
function holding(held: Held = {}): ProcessFiles & { opened: number[] } {
  const next = inTurn(held.readings ?? [bytesOf()]);
  const opened: number[] = [];
  return {
    opened,
    list: () => (held.open === undefined ? [own] : held.open),
    describe: () => ({ ...info, ...held.info }),
    rootOf: () => '/',
    directoryOf: () => null,
    mountOf: () =>
      held.fileSystem === null
        ? null
        : { type: held.fileSystem ?? 'tmpfs', device: held.device ?? '0:44' },
    open: (_, fd) => {
      opened.push(fd);
      return {
        writableByRootOnly: held.writableByRootOnly ?? true,
        read: (into) => next().copy(into),
        close: () => opened.push(-fd),
      };
    },
    sizeOf: () => null,
    tcpSockets: () => null,
    closingConnections: () => null,
    childrenOf: () => null,
    beginScan: () => {},
  };
}

/** A fake scoreboard, because what it says from one reading to the next has to be forced. */
function saying(...readings: Partial<ScoreboardEntry>[]): Scoreboard {
  const entry = parseScoreboardEntry(bytesOf());
  assert.ok(entry);
  const next = inTurn(readings);
  const file = { inode: '21', device: '0:44' };
  return { read: () => ({ kind: 'entry', entry: { ...entry, ...next() }, ...file }) };
}

const nothing = openScoreboard([]);

function settled(files: ProcessFiles | null, scoreboard = nothing) {
  const record = readRecord(process, scoreboard, files);
  return record.kind === 'entry' ? record.isSettled : record.kind;
}

describe('the record of a session', () => {
  test('is the file that its process holds, whatever lies in the scoreboard', () => {
    const files = holding();
    assert.equal(settled(files), true);
    assert.deepEqual(files.opened, [own.fd, -own.fd]);
    for (const target of [`${own.target} (deleted)`, '/opt/ftpd/var/run/pure-ftpd/client-00004711'])
      assert.equal(settled(holding({ open: [{ ...own, target }] })), true);
  });

  test('is missing where it holds none, and only then', () => {
    assert.equal(settled(holding({ open: [] }), saying({})), 'missing');
    const other = { ...own, target: '/run/pure-ftpd/client-00004712' };
    assert.equal(settled(holding({ open: [other] }), saying({})), 'missing');
    assert.equal(settled(holding({ readings: [bytesOf({ pid: 4712 })] })), 'missing');
  });

  test('is no file that is open for a transfer, whatever its name', () => {
    for (const change of [
      { access: 'read' },
      { access: 'write' },
      { isDirectory: true },
    ] as const) {
      const files = holding({ info: change });
      assert.equal(settled(files), 'missing');
      assert.deepEqual(files.opened, []);
    }
  });

  test('is the first that can be it, since it was opened before the login', () => {
    const files = holding({ open: [own, { fd: 9, target: '/home/a/client-00004711' }] });
    assert.equal(settled(files), true);
    assert.deepEqual(files.opened, [own.fd, -own.fd]);
  });

  test('is not believed where others than root can write it', () => {
    const files = holding({ writableByRootOnly: false });
    assert.equal(settled(files), 'unreadable');
    assert.deepEqual(files.opened, [own.fd, -own.fd]);
  });

  test('is not opened where somebody else’s program or machine would have to answer', () => {
    for (const fileSystem of ['fuse.sshfs', 'fuse', 'nfs4', 'cifs', '9p', 'autofs', null]) {
      const files = holding({ fileSystem });
      assert.equal(settled(files), 'unreadable', String(fileSystem));
      assert.deepEqual(files.opened, []);
    }
    const old = holding({ info: { mountId: null } });
    assert.equal(settled(old), 'unreadable');
    assert.deepEqual(old.opened, []);
  });

  test('is there read from the scoreboard, if that file is the very one that the process holds', () => {
    const files = (inode: string | null, device = '0:44') =>
      holding({ fileSystem: 'fuse.fuse-overlayfs', info: { inode }, device });
    assert.equal(settled(files('21'), saying({})), true);
    assert.equal(settled(files('22'), saying({})), 'unreadable');
    assert.equal(settled(files(null), saying({})), 'unreadable');
    assert.equal(settled(files('21'), saying({}, { state: 'idle' })), false);
    // An inode's number is whatever a file system says: on one of the user's own the user does.
    assert.equal(settled(files('21', '0:45'), saying({})), 'unreadable');
  });

  test('is not looked for among files without end that are named like it', () => {
    const many = Array.from({ length: 500 }, (_, fd) => ({ ...own, fd }));
    const files = holding({ open: many, info: { access: 'read' } });
    let described = 0;
    const { describe } = files;
    const counting = {
      ...files,
      describe: (...args: Parameters<typeof describe>) => {
        described += 1;
        return describe(...args);
      },
    };
    assert.equal(settled(counting, saying({})), 'unreadable');
    assert.ok(described > 0 && described < 20, `${described}`);
    assert.deepEqual(files.opened, []);
  });

  test('is settled when nobody was writing it between two readings that say the same', () => {
    assert.equal(settled(holding({ info: { isLocked: true } })), false);
    const then = (change: Partial<EntryFields>) =>
      settled(holding({ readings: [bytesOf(), bytesOf(change)] }));
    assert.equal(then({ state: 1 }), false);
    assert.equal(then({ file: Buffer.from('g') }), false);
    assert.equal(then({ bytesMoved: 9n }), true);
  });

  test('is known by its time where open files may not be read', () => {
    const at = (connectedAt: number) => saying({ connectedAt });
    for (const files of [null, holding({ open: null })]) {
      assert.equal(settled(files, saying({})), true);
      assert.equal(settled(files, at(1_700_000_002)), true);
      assert.equal(settled(files, saying({}, { state: 'upload' })), false);
    }
  });

  test('is not told to be missing where open files may not be read', () => {
    const at = (connectedAt: number) => saying({ connectedAt });
    for (const files of [null, holding({ open: null })]) {
      assert.equal(settled(files), 'unreadable');
      assert.equal(settled(files, at(1_699_999_940)), 'unreadable');
      assert.equal(settled(files, at(1_700_000_060)), 'unreadable');
    }
    const timeless = readRecord({ ...process, startedAtMs: null }, saying({}), null);
    assert.equal(timeless.kind, 'unreadable');
  });
});
