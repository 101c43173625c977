import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  readTracked,
  remember,
  type TrackedReading,
  type TrackedSession,
} from '../../../../src/collector/tracked-session.ts';
import type { Candidate } from '../../../../src/daemons/driver.ts';
import { followRecord } from '../../../../src/daemons/pure-ftpd/follow-record.ts';
import type { KeptFile, ProcessFiles } from '../../../../src/os/processes/process-table.ts';
import type { FtpSession } from '../../../../src/sessions/session.ts';
import { ftpSession } from '../../../support/app.ts';
import { keptBufferBytes } from '../../../support/kept-buffers.ts';
import {
  builds,
  type EntryFields,
  encodeEntry,
} from '../../../system/daemons/pure-ftpd/entry-bytes.ts';

const connectedAt = 1_700_000_000;
const began = connectedAt + 100;

const download: EntryFields = {
  state: 2,
  pid: 6735,
  remoteAddress: Buffer.from([192, 0, 2, 7]),
  remotePort: 40_000,
  localAddress: Buffer.from([127, 0, 0, 1]),
  localPort: 21,
  connectedAt: BigInt(connectedAt),
  transferStartedAt: BigInt(began),
  restartedAt: 512n,
  bytesTotal: 5_000n,
  bytesMoved: 1_000n,
  account: Buffer.from('alice'),
  file: Buffer.from('big.bin'),
};

const downloading = ftpSession({
  title: 'pure-ftpd (DOWNLOAD)',
  state: 'download',
  file: 'big.bin',
  bytesMoved: 1_000,
  bytesSkipped: 512,
  bytesTotal: 5_000,
  connectedAt,
  transferStartedAt: began,
  lastTransferStartedAt: began,
  idleSince: null,
});

/** A fake of a session's files: what they tell between two readings has to be forced. */
function trackFake(title: string, record = { bytes: encodeEntry(download, builds[0]) }) {
  const candidate: Candidate = {
    process: {
      pid: 6735,
      parentPid: 99,
      startTime: '1',
      startedAtMs: null,
      title,
      uid: 1001,
      realUid: 62_001,
      isWhollyRoot: false,
      name: 'pure-ftpd',
      executablePath: '/usr/sbin/pure-ftpd',
      executable: null,
    },
    parent: null,
    master: null,
    setsTitles: true,
    needsRecord: false,
  };
  const files: Partial<ProcessFiles> = {
    list: () => [{ fd: 7, target: '/run/pure-ftpd/client-00006735' }],
    describe: () => ({
      access: 'read-write',
      isDirectory: false,
      appends: false,
      positionBytes: 0,
      isLocked: false,
      mountId: 9,
      inode: '1',
    }),
    mountOf: () => ({ type: 'tmpfs', device: '0:44' }),
  };
  const kept: KeptFile = { read: (into) => record.bytes.copy(into), close: () => {} };
  const tracked: TrackedSession = {
    candidate,
    process: { idleness: () => 'may-have-run', title: () => title, close: () => {} },
    follower: followRecord(candidate, files as ProcessFiles, () => kept),
    unchanged: null,
    readInScan: 0,
  };
  assert.ok(tracked.follower);
  const write = (change: Partial<EntryFields>) => {
    record.bytes = encodeEntry({ ...download, ...change }, builds[0]);
  };
  return { tracked, write };
}

/** What the next scan finds when `session` was observed, and the record then tells `change`. */
function scanAfter(session: FtpSession, change: Partial<EntryFields>): TrackedReading['kind'] {
  const { tracked, write } = trackFake(session.title);
  write(change);
  remember(tracked, session, []);
  return readTracked(tracked).kind;
}

test('what was observed of a transfer is remembered while the record tells of that one', () => {
  assert.equal(scanAfter(downloading, {}), 'unchanged');
  assert.equal(scanAfter(downloading, { bytesMoved: 1_001n }), 'unchanged');
});

const other: [what: string, change: Partial<EntryFields>][] = [
  ['that began at another time', { transferStartedAt: download.transferStartedAt + 1n }],
  ['of another file', { file: Buffer.from('small.bin') }],
  ['that skipped more', { restartedAt: 513n }],
  ['of another size', { bytesTotal: 5_001n }],
  ['in the other direction', { state: 3 }],
  ['that has ended', { state: 1 }],
];
for (const [what, change] of other) {
  test(`a row of one transfer is never given for another: one ${what}`, () => {
    assert.equal(scanAfter(downloading, change), 'changed');
  });
}

test('a session that waits since it came is not taken for one that waits after a transfer', () => {
  const since = { connectedAt, lastTransferStartedAt: connectedAt };
  const waiting = ftpSession({ ...since, idleSince: connectedAt });
  const afterwards = ftpSession({ ...since, idleSince: null });
  const transferStartedAt = download.connectedAt;
  const none = { state: 1, transferStartedAt, bytesTotal: 0n, bytesMoved: 0n };
  // In the very second of the login, so that no time tells it.
  const short = { ...none, bytesMoved: 7n };
  assert.equal(scanAfter(waiting, none), 'unchanged');
  assert.equal(scanAfter(waiting, short), 'changed');
  assert.equal(scanAfter(afterwards, short), 'unchanged');
  assert.equal(scanAfter(afterwards, none), 'changed');
});

test('bytes that have gone back are another transfer’s, of the same file within the second', () => {
  const { tracked, write } = trackFake(downloading.title);
  remember(tracked, downloading, []);
  for (const bytesMoved of [1_000n, 4_000n, 4_000n]) {
    write({ bytesMoved });
    const reading = readTracked(tracked);
    assert.equal(reading.kind === 'unchanged' && reading.session.bytesMoved, Number(bytesMoved));
  }
  // More than when it was observed, and less than at the last scan.
  write({ bytesMoved: 3_999n });
  assert.equal(readTracked(tracked).kind, 'changed');
});

test('a session that is followed keeps nothing of the memory that others have read into', () => {
  const record = { bytes: encodeEntry(download, builds[0]) };
  const bytes = keptBufferBytes(200, () => {
    const { tracked } = trackFake(downloading.title, record);
    remember(tracked, downloading, []);
    assert.notEqual(tracked.unchanged, null);
    return tracked.follower;
  });
  assert.ok(bytes < 200 * 100, `${bytes} bytes`);
});
