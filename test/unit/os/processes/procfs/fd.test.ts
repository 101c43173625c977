import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseFdinfo } from '../../../../../src/os/processes/procfs/fd.ts';

const plain = {
  isDirectory: false,
  appends: false,
  positionBytes: 0,
  isLocked: false,
  mountId: 9,
  inode: null,
};

describe('what the kernel tells of a descriptor', () => {
  test('is its access mode, whatever other flags it has', () => {
    const modes: [flags: string, access: string][] = [
      ['0100000', 'read'],
      ['0100001', 'write'],
      ['0500002', 'read-write'],
      ['02000001', 'write'],
    ];
    for (const [flags, access] of modes) {
      assert.deepEqual(parseFdinfo(`pos:\t0\nflags:\t${flags}\nmnt_id:\t9\n`), {
        access,
        ...plain,
      });
    }
  });

  test('is whether it is a folder', () => {
    const flags = (constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK).toString(8);
    const info = parseFdinfo(`pos:\t0\nflags:\t0${flags}\n`);
    assert.deepEqual([info?.access, info?.isDirectory], ['read', true]);
  });

  test('is whether every write goes to its end', () => {
    const flags = (constants.O_WRONLY | constants.O_APPEND).toString(8);
    const info = parseFdinfo(`pos:\t0\nflags:\t0${flags}\n`);
    assert.deepEqual([info?.access, info?.appends], ['write', true]);
  });

  test('is the mount and the inode of its file, the latter from Linux 5.14 on', () => {
    const info = parseFdinfo('pos:\t0\nflags:\t02\nmnt_id:\t90\nino:\t18446744073709551615\n');
    assert.deepEqual([info?.mountId, info?.inode], [90, '18446744073709551615']);
    const none = parseFdinfo('pos:\t0\nflags:\t02\n');
    assert.deepEqual([none?.mountId, none?.inode], [null, null]);
  });

  test('is its position in bytes, beyond 4 GiB too', () => {
    const info = parseFdinfo('pos:\t5000000000\nflags:\t0100000\n');
    assert.equal(info?.positionBytes, 5_000_000_000);
  });

  test('is whether a record lock is held', () => {
    const lock = 'lock:\t1: POSIX  ADVISORY  WRITE 4711 00:19:3 0 EOF';
    assert.equal(parseFdinfo(`pos:\t0\nflags:\t02\n${lock}\n`)?.isLocked, true);
    assert.equal(parseFdinfo('pos:\t0\nflags:\t02\nmnt_id:\t9\n')?.isLocked, false);
  });

  test('is null for a text of another form, and never throws', () => {
    for (const text of [
      '',
      'pos:\t0\n',
      'flags:\t02\n',
      'pos:\tx\nflags:\t02\n',
      'pos:\t0\nflags:\t03\n',
      'pos:\t90071992547409930\nflags:\t02\n',
    ]) {
      assert.equal(parseFdinfo(text), null, text);
    }
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        parseFdinfo(Buffer.from(bytes).toString('latin1'));
        parseFdinfo(`pos:\t0\nflags:\t${Buffer.from(bytes).toString('latin1')}`);
      }),
    );
  });
});
