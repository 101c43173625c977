import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openRecords } from '../../../../src/daemons/proftpd/records.ts';
import { entryBytes, scoreboardBytes } from '../../../support/proftpd/entry-bytes.ts';

test('what is asked of single processes is answered by one reading of a scoreboard in each scan', (t) => {
  if (process.getuid?.() !== 0) return t.skip('a scoreboard is root’s');
  const folder = mkdtempSync(join(tmpdir(), 'records-'));
  try {
    const path = join(folder, 'scoreboard');
    const write = (...pids: number[]) =>
      writeFileSync(path, scoreboardBytes(pids.map((pid) => entryBytes({ pid }))));
    write(100, 101);
    const records = openRecords([path], false, { files: null });
    // Before the first scan too.
    assert.deepEqual([records.has(100), records.has(102)], [true, false]);
    assert.deepEqual(
      records.pids(() => []),
      [100, 101],
    );
    write(102);
    assert.deepEqual([records.has(100), records.has(102)], [true, false]);
    assert.deepEqual(
      records.pids(() => []),
      [102],
    );
    assert.deepEqual([records.has(100), records.has(102)], [false, true]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
