import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePids } from '../../../../../src/os/processes/procfs/kept-process.ts';

test('the list of children is read, and what is no pid in it is passed over', () => {
  assert.deepEqual(parsePids('12 34 4194304 '), [12, 34, 4_194_304]);
  assert.deepEqual(parsePids(''), []);
  assert.deepEqual(parsePids('0 -1 1e3 x 7\0 12345678901 5 '), [5]);
});
