import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAuditLog } from '../../../src/audit/open-audit-log.ts';

/** A fake file, because a full disk has to be forced. */
function logOn(disk: { isFull: boolean; isThere: boolean }) {
  const written: string[] = [];
  const problems: string[] = [];
  const write = openAuditLog(
    '/audit.log',
    (error) => problems.push((error as Error).message),
    () => {
      if (!disk.isThere) throw new Error('EACCES');
      return {
        write: (line) => {
          if (disk.isFull) throw new Error('ENOSPC');
          written.push(line);
        },
      };
    },
  );
  return { write, written, problems };
}

test('a log that cannot be written keeps nobody out, says so once, and again when it fails again', () => {
  const disk = { isFull: true, isThere: true };
  const { write, written, problems } = logOn(disk);
  write('a\n');
  write('b\n');
  assert.deepEqual(problems, ['ENOSPC']);
  disk.isFull = false;
  write('c\n');
  disk.isFull = true;
  write('d\n');
  assert.deepEqual([problems.length, written], [2, ['c\n']]);
});

test('a log that cannot be opened is opened at a later line', () => {
  const disk = { isFull: false, isThere: false };
  const { write, written, problems } = logOn(disk);
  write('a\n');
  write('b\n');
  disk.isThere = true;
  write('c\n');
  assert.deepEqual([problems, written], [['EACCES'], ['c\n']]);
});
