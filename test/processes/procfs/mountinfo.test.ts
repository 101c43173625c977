import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseMountinfo } from '../../../src/processes/procfs/mountinfo.ts';

describe('the mounts of a process', () => {
  test('are told by id and type, whatever optional fields they have', () => {
    const text = [
      '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue',
      '90 36 0:19 / /run rw - tmpfs tmpfs rw',
      '7 1 0:44 / /home/a\\040-\\040tmpfs rw - fuse.sshfs someone rw',
      '',
    ].join('\n');
    assert.deepEqual(
      [...parseMountinfo(text)],
      [
        [36, 'ext3'],
        [90, 'tmpfs'],
        [7, 'fuse.sshfs'],
      ],
    );
  });

  test('are none in a text of another form, and never throw', () => {
    for (const text of ['', '-', '1 2 3', 'x 1 0:1 / / rw - tmpfs t rw', '1 2 0:1 / / rw -']) {
      assert.equal(parseMountinfo(text).size, 0, text);
    }
    fc.assert(fc.property(fc.string(), (text) => void parseMountinfo(text)));
  });
});
