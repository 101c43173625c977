import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes } from '../../../src/terminal/units.ts';

test('bytes are told in the unit that makes them short, never as 1024 of one', () => {
  for (const [bytes, text] of [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [1024 * 1024 - 1, '1.0 MiB'],
    [5 * 1024 ** 3, '5.0 GiB'],
    [2 ** 53, '8.0 PiB'],
    [2000 * 1024 ** 5, '2000.0 PiB'],
  ] as const) {
    assert.equal(formatBytes(bytes), text);
  }
});
