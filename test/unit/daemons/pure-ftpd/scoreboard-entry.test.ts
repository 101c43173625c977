import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  parseScoreboardEntry,
  scoreboardEntryLimit,
} from '../../../../src/daemons/pure-ftpd/scoreboard-entry.ts';
import { formatAddress } from '../../../../src/lib/address-bytes.ts';
import {
  type Build,
  builds,
  type EntryFields,
  encodeEntry,
  otherBuilds,
} from '../../../system/daemons/pure-ftpd/entry-bytes.ts';

const example: EntryFields = {
  state: 2,
  pid: 4711,
  remoteAddress: Buffer.from([192, 0, 2, 7]),
  remotePort: 50_100,
  localAddress: Buffer.from([127, 0, 0, 1]),
  localPort: 21,
  connectedAt: 1_700_000_000n,
  transferStartedAt: 1_700_000_100n,
  restartedAt: 512n,
  bytesTotal: 5_000_000_000n,
  bytesMoved: 4_999_999_999n,
  account: Buffer.from('dev@alice.example'),
  file: Buffer.from('big.bin'),
};

const debian = builds[1];
const parse = (change: Partial<EntryFields>, build: Build = debian) =>
  parseScoreboardEntry(encodeEntry({ ...example, ...change }, build));

const withoutNul = (maxLength: number, minLength = 0) =>
  fc.uint8Array({ min: 1, minLength, maxLength });
const address = fc
  .constantFrom(4, 16)
  .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
const port = fc.integer({ min: 0, max: 65_535 });
const whole = fc.bigInt({ min: 0n, max: 2n ** 53n - 1n });

for (const build of [...builds, ...otherBuilds]) {
  const isUsual = builds.some(({ name }) => name === build.name);
  /** Of the longest a build whose layout is told by its contents cannot be told to be whole. */
  const longestFile = build.fileLength - (isUsual ? 1 : 2);

  describe(`a scoreboard entry of ${build.name}`, () => {
    test('is read field by field', () => {
      assert.deepEqual(parse({}, build), {
        state: 'download',
        pid: 4711,
        remoteAddress: '192.0.2.7',
        remotePort: 50_100,
        localPort: 21,
        connectedAt: 1_700_000_000,
        transferStartedAt: 1_700_000_100,
        account: 'dev@alice.example',
        file: 'big.bin',
        bytesTotal: 5_000_000_000,
        bytesMoved: 4_999_999_999,
        bytesSkipped: 512,
      });
    });

    test('gives back whatever was written', () => {
      const fields = fc.record<EntryFields>({
        state: fc.integer({ min: 0, max: 3 }),
        pid: fc.integer({ min: 1, max: 2 ** 22 }),
        remoteAddress: address,
        remotePort: port,
        localAddress: address,
        localPort: port,
        connectedAt: whole,
        transferStartedAt: whole,
        restartedAt: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        bytesTotal: whole,
        bytesMoved: whole,
        account: withoutNul(build.accountLength - 1, 1),
        file: withoutNul(longestFile),
      });
      fc.assert(
        fc.property(fields, (written) => {
          assert.deepEqual(parseScoreboardEntry(encodeEntry(written, build)), {
            state: ['free', 'idle', 'download', 'upload'][written.state],
            pid: written.pid,
            remoteAddress: formatAddress(Buffer.from(written.remoteAddress)),
            remotePort: written.remotePort,
            localPort: written.localPort,
            connectedAt: Number(written.connectedAt),
            transferStartedAt: Number(written.transferStartedAt),
            account: Buffer.from(written.account).toString(),
            // Without a transfer what stands there is what the last one left.
            file: written.state < 2 ? '' : Buffer.from(written.file).toString(),
            bytesTotal: Number(written.bytesTotal),
            bytesMoved: Number(written.bytesMoved),
            bytesSkipped:
              written.restartedAt >= 0n && written.restartedAt < 2n ** 53n
                ? Number(written.restartedAt)
                : null,
          });
        }),
      );
    });

    test('has the longest names that fit whole, and none that was cut', () => {
      const file = Buffer.alloc(longestFile, 'f');
      const account = Buffer.alloc(build.accountLength - 1, 'a');
      const entry = parse({ file, account }, build);
      assert.equal(entry?.file, file.toString());
      assert.equal(entry?.account, account.toString());
      assert.equal(parse({ file: Buffer.alloc(build.fileLength, 'f') }, build)?.file, null);
      if (!isUsual) {
        assert.equal(
          parse({ file: Buffer.concat([file, file.subarray(0, 1)]) }, build)?.file,
          null,
        );
      }
      const cutInFront = Buffer.alloc(build.fileLength, 'f').fill(0, 0, 1);
      assert.equal(parse({ file: cutInFront }, build)?.file, null);
      assert.equal(parse({ account: Buffer.alloc(build.accountLength, 'a') }, build), null);
    });
  });
}

describe('the bytes of a scoreboard file', () => {
  test('are read whole for every known layout, and an unknown one is told by its size', () => {
    for (const { size } of builds) assert.ok(size < scoreboardEntryLimit);
  });

  test('have no file name where it does not fit the size', () => {
    const bytes = Buffer.concat([encodeEntry(example, debian), Buffer.alloc(5_000)]);
    bytes.fill(0, debian.size - 7, debian.size);
    for (let size = 0; size < 5_000; size++) {
      // Of musl with the same account, the name stands in the same place.
      if (builds.some((build) => build.size === size && build.accountLength === 129)) continue;
      const { file } = parseScoreboardEntry(bytes.subarray(0, size)) ?? {};
      assert.equal(file ?? null, null, String(size));
    }
  });

  test('are no entry without room for account and file name, or with too much', () => {
    const idle = Buffer.concat([
      encodeEntry({ ...example, state: 1 }, debian),
      Buffer.alloc(70_000),
    ]);
    idle.fill(0, 0x130 + 40);
    const sizes = [0, 8, 304, 312, 1328, 1344, 1463, 1465, 2_440, 3_320, 66_000, 71_464];
    for (const size of sizes) assert.equal(parseScoreboardEntry(idle.subarray(0, size)), null);
    for (const { size } of [...builds, ...otherBuilds]) {
      assert.equal(parseScoreboardEntry(idle.subarray(0, size))?.account, 'dev@alice.example');
    }
  });

  test('are believed only where every field is one that pure-ftpd writes', () => {
    const faults: Partial<EntryFields>[] = [
      { state: 4 },
      { state: 0xffffffff },
      { connectedAt: -1n },
      { transferStartedAt: -1n },
      { bytesTotal: -1n },
      { bytesMoved: 2n ** 60n },
      { account: Buffer.from('') },
      { account: Buffer.from('\0alice') },
    ];
    for (const fault of faults) {
      const text = JSON.stringify(fault, (_, value) =>
        typeof value === 'bigint' ? String(value) : value,
      );
      assert.equal(parse(fault), null, text);
    }
    for (const at of [0x08, 0x88]) {
      for (const family of [0, 1, 3, 0x0200, 0xffff]) {
        const bytes = encodeEntry(example, debian);
        bytes.writeUInt16LE(family, at);
        assert.equal(parseScoreboardEntry(bytes), null, `family ${family} at ${at}`);
      }
    }
  });

  test('give text up to its NUL; what an older name left behind it does not show', () => {
    assert.equal(parse({ file: Buffer.from('new\0old-name.bin') })?.file, 'new');
    assert.equal(parse({ account: Buffer.from('bob\0lice') })?.account, 'bob');
  });

  test('may hold any name; what is not UTF-8 becomes U+FFFD', () => {
    const names: [bytes: Buffer, text: string][] = [
      [Buffer.from('a|b "c" \t\x01\\'), 'a|b "c" \t\x01\\'],
      [Buffer.from('grün ✓.txt'), 'grün ✓.txt'],
      [Buffer.from('a\xffb', 'latin1'), 'a\ufffdb'],
    ];
    for (const [file, text] of names) assert.equal(parse({ file })?.file, text);
  });

  test('give a v4-mapped peer as IPv4', () => {
    const remoteAddress = Buffer.from('00000000000000000000ffffc0000207', 'hex');
    assert.equal(parse({ remoteAddress })?.remoteAddress, '192.0.2.7');
  });

  test('never make it throw', () => {
    const size = fc.constantFrom(0, 1, 4, 1456, 1464, 3504, 3512);
    const random = size.chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
    fc.assert(
      fc.property(random, (bytes) => {
        parseScoreboardEntry(Buffer.from(bytes));
      }),
    );
    const valid = encodeEntry(example, debian);
    const change = fc.tuple(fc.nat(valid.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
        const bytes = Buffer.from(valid);
        for (const [at, value] of changes) bytes[at] = value;
        parseScoreboardEntry(bytes);
      }),
      { numRuns: 500 },
    );
  });
});
