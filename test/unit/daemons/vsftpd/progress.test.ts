import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgress } from '../../../../src/daemons/vsftpd/progress.ts';
import type { OpenTransfer } from '../../../../src/daemons/vsftpd/transfer.ts';

function at(positionBytes: number, change: Partial<OpenTransfer> = {}): OpenTransfer {
  const info = {
    access: 'read',
    isDirectory: false,
    appends: false,
    positionBytes,
    isLocked: false,
    mountId: 1,
    inode: '7',
  } as const;
  return { fd: 4, target: '/home/alice/f', state: 'download', info, ...change };
}

const bytesOf = (...transfers: OpenTransfer[]) => {
  const progress = createProgress();
  return transfers.map((each) => progress.bytesOf(each));
};

test('an upload is as far as its position', () => {
  const upload = { state: 'upload' } as const;
  assert.deepEqual(bytesOf(at(0, upload), at(10, upload)), [0, 10]);
});

test('a download whose position stands still is unknown, resumed or not', () => {
  assert.deepEqual(bytesOf(at(0), at(0)), [null, null]);
  assert.deepEqual(bytesOf(at(500), at(500)), [null, null]);
});

test('a download is as far as its position once that was seen to move', () => {
  assert.deepEqual(bytesOf(at(0), at(65_536), at(65_536)), [null, 65_536, 65_536]);
});

test('between two calls of sendfile it stands still too', () => {
  assert.deepEqual(bytesOf(at(0), at(0x7ffff000), at(0x7ffff000)), [null, null, null]);
});

test('another transfer begins anew: another file, or the same one from its beginning', () => {
  const other = { target: '/home/alice/g' };
  assert.deepEqual(bytesOf(at(0), at(9), at(10, other)), [null, 9, null]);
  assert.deepEqual(bytesOf(at(5), at(9), at(0)), [null, 9, null]);
});
