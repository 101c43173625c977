import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseMountinfo } from '../../../../../src/os/processes/procfs/mountinfo.ts';

describe('the mounts of a process', () => {
  test('are told by id, type and device, whatever optional fields they have', () => {
    const text = [
      '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue',
      '90 36 0:19 / /run rw - tmpfs tmpfs rw',
      '7 1 0:44 / /home/a\\040-\\040tmpfs rw - fuse.sshfs someone rw',
      '',
    ].join('\n');
    assert.deepEqual(
      [...parseMountinfo(text)],
      [
        [36, { type: 'ext3', device: '98:0' }],
        [90, { type: 'tmpfs', device: '0:19' }],
        [7, { type: 'fuse.sshfs', device: '0:44' }],
      ],
    );
  });

  test('are none in a text of another form, and never throw', () => {
    for (const text of [
      '',
      '-',
      '1 2 3',
      'x 1 0:1 / / rw - tmpfs t rw\n',
      '1 2 x / / rw - tmpfs t rw\n',
      '1 2 0:1 / / rw -',
      '1 2 0:1 / / rw - tmpfs t rw',
    ]) {
      assert.equal(parseMountinfo(text).size, 0, text);
    }
    fc.assert(fc.property(fc.string(), (text) => void parseMountinfo(text)));
  });
});
