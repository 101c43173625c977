import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type KeptReading,
  type KeptSession,
  readKept,
  remember,
} from '../../../../src/daemons/pure-ftpd/kept-session.ts';
import type { FtpSession } from '../../../../src/sessions/session.ts';
import { ftpSession } from '../../../support/app.ts';
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
function keepFake(title: string) {
  const record = { bytes: encodeEntry(download, builds[0]) };
  const kept: KeptSession = {
    candidate: {
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
      setsTitles: true,
      needsRecord: false,
    },
    process: { stillness: () => 'may-have-run', title: () => title, close: () => {} },
    record: { read: (into) => record.bytes.copy(into), close: () => {} },
    settled: null,
    readInLook: 0,
  };
  const write = (change: Partial<EntryFields>) => {
    record.bytes = encodeEntry({ ...download, ...change }, builds[0]);
  };
  return { kept, write };
}

/** What the next look finds when a close look saw `session`, and the record then tells `change`. */
function lookAfter(session: FtpSession, change: Partial<EntryFields>): KeptReading['kind'] {
  const { kept, write } = keepFake(session.title);
  write(change);
  remember(kept, session, []);
  return readKept(kept).kind;
}

test('what a close look found of a transfer is remembered while the record tells of that one', () => {
  assert.equal(lookAfter(downloading, {}), 'same');
  assert.equal(lookAfter(downloading, { bytesMoved: 1_001n }), 'same');
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
    assert.equal(lookAfter(downloading, change), 'changed');
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
  assert.equal(lookAfter(waiting, none), 'same');
  assert.equal(lookAfter(waiting, short), 'changed');
  assert.equal(lookAfter(afterwards, short), 'same');
  assert.equal(lookAfter(afterwards, none), 'changed');
});

test('bytes that have gone back are another transfer’s, of the same file within the second', () => {
  const { kept, write } = keepFake(downloading.title);
  remember(kept, downloading, []);
  for (const bytesMoved of [1_000n, 4_000n, 4_000n]) {
    write({ bytesMoved });
    const reading = readKept(kept);
    assert.equal(reading.kind === 'same' && reading.session.bytesMoved, Number(bytesMoved));
  }
  // More than when it was looked at closely, and less than at the last look.
  write({ bytesMoved: 3_999n });
  assert.equal(readKept(kept).kind, 'changed');
});
