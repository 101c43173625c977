import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entryLayouts, parseEntry } from '../../../../src/daemons/proftpd/scoreboard-entry.ts';
import {
  type ReadAt,
  readEntry,
  readSlots,
} from '../../../../src/daemons/proftpd/scoreboard-file.ts';
import { findEntry } from '../../../../src/daemons/proftpd/slots.ts';
import { entryBytes, scoreboardBytes } from '../../../support/proftpd/entry-bytes.ts';

const [withIpv6, withoutIpv6] = entryLayouts;
if (withIpv6 === undefined || withoutIpv6 === undefined) throw new Error('two layouts');

const readerOf =
  (file: Buffer): ReadAt =>
  (into, position, length) =>
    file.copy(into, 0, position, Math.min(position + length, file.length));

test('an entry is read in both layouts, with bytes that are no UTF-8', () => {
  for (const [layout, hasIpv6] of [
    [withIpv6, true],
    [withoutIpv6, false],
  ] as const) {
    const bytes = entryBytes(
      {
        server: '::ffff:192.0.2.1:2121',
        command: 'RETR',
        argument: Buffer.from('caf\xe9', 'latin1'),
        transferBytes: 5,
        bytesMoved: 3,
      },
      hasIpv6,
    );
    assert.deepEqual(parseEntry(bytes, layout), {
      pid: 100,
      user: 'alice',
      localPort: 2121,
      remoteAddress: '192.0.2.7',
      clientName: '192.0.2.7',
      protocol: 'ftp',
      directory: '/',
      command: 'RETR',
      argument: 'caf\uFFFD',
      waitedSince: 1_700_000_100,
      connectedAt: 1_700_000_000,
      transferBytes: 5,
      bytesMoved: 3,
    });
  }
});

test('what ProFTPD does not write is no entry: a free slot, a text without end or with more behind it', () => {
  const noEnd = entryBytes();
  noEnd.fill('x', 12, 44);
  const leftOver = entryBytes({ argument: 'x' });
  leftOver[495 + 10] = 1;
  const idleWithArgument = entryBytes({ argument: 'file' });
  for (const bytes of [
    Buffer.alloc(withIpv6.bytes),
    noEnd,
    leftOver,
    idleWithArgument,
    entryBytes({ bytesMoved: -1 }),
    entryBytes().subarray(1),
  ]) {
    assert.equal(parseEntry(bytes, withIpv6), null);
  }
});

test('the slots of a scoreboard are found in either layout, also where its size fits both', () => {
  const free = Buffer.alloc(withIpv6.bytes);
  const file = scoreboardBytes([entryBytes(), free, entryBytes({ pid: 7 })]);
  const slots = readSlots(readerOf(file));
  assert.deepEqual(
    [...(slots ?? [])],
    [
      [100, { position: 32, layout: withIpv6 }],
      [7, { position: 32 + 2 * 624, layout: withIpv6 }],
    ],
  );
  const old = Array.from({ length: 26 }, (_, at) => entryBytes({ pid: at + 1 }, false));
  const found = readSlots(readerOf(scoreboardBytes(old)));
  assert.deepEqual([found?.size, found?.get(26)?.layout], [26, withoutIpv6]);
});

test('of two entries of one pid the later counts: a process that was killed leaves its own behind', () => {
  const file = scoreboardBytes([
    entryBytes({ connectedAt: 1_700_000_500 }),
    entryBytes({ connectedAt: 1_700_000_000 }),
  ]);
  assert.equal(readSlots(readerOf(file))?.get(100)?.position, 32);
});

test('another file is no scoreboard', () => {
  const file = scoreboardBytes([entryBytes()]);
  const otherVersion = Buffer.from(file);
  otherVersion.writeBigUInt64LE(0x01040004n, 8);
  for (const bytes of [Buffer.alloc(0), file.subarray(0, 31), otherVersion, file.subarray(0, -1)]) {
    assert.equal(readSlots(readerOf(bytes)), null);
  }
});

test('an entry that changes between two readings is not settled, but for its progress', () => {
  const before = scoreboardBytes([entryBytes({ command: 'RETR', argument: 'a' })]);
  const reading = (...texts: Parameters<typeof entryBytes>[0][]) => {
    const files = texts.map((text) => scoreboardBytes([entryBytes(text)]));
    const read: ReadAt = (into, ...rest) => readerOf(files.shift() ?? before)(into, ...rest);
    return readEntry(read, 100, { position: 32, layout: withIpv6 });
  };
  const settled = (result: ReturnType<typeof readEntry>) =>
    typeof result === 'object' && result.isSettled;
  const retr = { command: 'RETR', argument: 'a' };
  assert.ok(settled(reading({ ...retr, bytesMoved: 1 }, { ...retr, bytesMoved: 2 })));
  assert.equal(settled(reading({}, retr)), false);
  assert.equal(reading({ pid: 5 }, { pid: 5 }), 'other');
  assert.equal(reading({ argument: 'x' }, { argument: 'x' }), 'torn');
});

test('a session that has got another slot is found there, and a left-over is not its record', () => {
  const name = `test ${Math.random()}`;
  const always = () => true;
  const first = scoreboardBytes([entryBytes()]);
  assert.ok(typeof findEntry(readerOf(first), name, 100, always) === 'object');
  const moved = scoreboardBytes([entryBytes({ pid: 5 }), entryBytes()]);
  const found = findEntry(readerOf(moved), name, 100, always);
  assert.equal(typeof found === 'object' && found.slot.position, 32 + 624);
  assert.equal(
    findEntry(readerOf(moved), name, 100, () => false),
    'missing',
  );
  assert.equal(findEntry(readerOf(moved), name, 6, always), 'missing');
});
