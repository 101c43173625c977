import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  parseArgumentsLeft,
  parseCmdline,
} from '../../../../../src/os/processes/procfs/cmdline.ts';

describe('the title in a command line', () => {
  test('is all before the first NUL, so what an older title left does not show', () => {
    const cases: [bytes: string, title: string][] = [
      ['pure-ftpd (IDLE)\0\0\0\0\x0050\0', 'pure-ftpd (IDLE)'],
      ['sleep\x0060\0', 'sleep'],
      ['no end', 'no end'],
      ['\0rest', ''],
      ['', ''],
      ['two  spaces\0', 'two  spaces'],
    ];
    for (const [bytes, title] of cases) assert.equal(parseCmdline(Buffer.from(bytes)), title);
  });

  test('is UTF-8, and what is not becomes U+FFFD', () => {
    assert.equal(parseCmdline(Buffer.from('grün ✓\0')), 'grün ✓');
    assert.equal(parseCmdline(Buffer.from('a\xffb\0', 'latin1')), 'a\ufffdb');
  });

  test('is not what stands behind it', () => {
    const left = (text: string) => parseArgumentsLeft(Buffer.from(text));
    assert.deepEqual(left('pure-ftpd (IDLE)\0\0\0\x0050\0-Y\x002\0'), ['50', '-Y', '2']);
    for (const nothing of ['', 'sleep', 'sleep\0', '\0\0']) assert.deepEqual(left(nothing), []);
    // Of a longer one only the beginning is read, so its end is not known.
    assert.equal(left(`pure-ftpd\0-Y\x000\0${'x'.repeat(4096)}`), undefined);
  });

  test('never throws and never holds a NUL', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        assert.ok(!parseCmdline(Buffer.from(bytes)).includes('\0'));
      }),
    );
  });
});
