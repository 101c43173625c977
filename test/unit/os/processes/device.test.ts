import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDevice } from '../../../../src/os/processes/device.ts';

test('a device number is told as the list of mounts tells it, however large its halves are', () => {
  // As gnu_dev_makedev(3) puts them together.
  for (const [device, text] of [
    [0x1an, '0:26'],
    [0xfe00n, '254:0'],
    [0x0010_0000n, '0:256'],
    [0xffff_f0ff_ffff_ffffn, '4294967295:268435455'],
    [0x0000_1234_0010_0501n, '4101:591397121'],
  ] as const) {
    assert.equal(formatDevice(device), text);
  }
});
