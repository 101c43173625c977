import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePureDb } from '../../../../src/daemons/pure-ftpd/puredb.ts';

/** What pure-pw(1) of 1.0.50 has written of these users; their lists are those of their names' hashes. */
function pureDb(users: readonly [bucket: number, hash: number, line: string][]): Buffer {
  const number = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const text = (value: string) => [number(Buffer.byteLength(value)), Buffer.from(value)];
  const records = users.map(([bucket, hash, line]) => {
    const at = line.indexOf(':');
    return {
      bucket,
      hash,
      bytes: Buffer.concat([...text(line.slice(0, at)), ...text(line.slice(at + 1))]),
    };
  });
  const sizeOf = (bucket: number) =>
    Math.max(4, 8 * records.filter((record) => record.bucket === bucket).length);
  let at = 4 + 4 * 257;
  const places: number[] = [];
  for (let bucket = 0; bucket < 256; bucket += 1) {
    places.push(at);
    at += sizeOf(bucket);
  }
  places.push(at);
  const starts = records.map(({ bytes }) => {
    const start = at;
    at += bytes.length;
    return start;
  });
  const lists = places.slice(0, 256).flatMap((_, bucket) => {
    const own = records.flatMap((record, index) =>
      record.bucket === bucket ? [number(record.hash), number(starts[index] ?? 0)] : [],
    );
    return own.length === 0 ? [number(bucket + 1)] : own;
  });
  return Buffer.concat([
    Buffer.from('PDB2'),
    ...places.map(number),
    ...lists,
    ...records.map(({ bytes }) => bytes),
  ]);
}

const database = pureDb([
  [0x5d, 0x7c7ab05d, 'aa@x:$6$a:1001:1001::/home/aa/./in/here::::::::::::'],
  [0x5d, 0x7c7ab15d, 'cc@x:$6$c:1001:1001::/home/cc:::::::1048576:::::'],
  [0xfd, 0x7c7ab0fd, 'bb@x:$6$b:1002:1002::/./::::::9:::::'],
]);

test('a puredb gives names, uids, homes and quotas, and no password', () => {
  assert.deepEqual(parsePureDb(database), [
    { user: 'aa@x', uid: 1001, home: '/home/aa', quotaBytes: 'unlimited' },
    { user: 'cc@x', uid: 1001, home: '/home/cc', quotaBytes: 1048576 },
    { user: 'bb@x', uid: 1002, home: '/', quotaBytes: 'unlimited' },
  ]);
});

test('what is no puredb, or one that was cut, is none', () => {
  assert.equal(parsePureDb(Buffer.from('PDB1')), null);
  for (let length = 0; length < database.length; length += 1) {
    assert.equal(parsePureDb(database.subarray(0, length)), null, `${length} bytes`);
  }
});
