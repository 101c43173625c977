import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDirectories } from '../../../src/collector/directories.ts';
import type { ProcessFiles } from '../../../src/os/processes/process-table.ts';
import { ftpSession } from '../../support/app.ts';

/** Reads by a FAKE of the process table, as the kernel's words have to be forced. */
async function told(root: string | null, directory: string | null, isAlive = true) {
  const session = ftpSession({ pid: 7 });
  const files = { rootOf: () => root, directoryOf: () => directory } as Partial<ProcessFiles>;
  const living = async () => new Set(isAlive ? [session.pid] : []);
  const [read] = await readDirectories([session], { files: files as ProcessFiles, living });
  return read;
}

test('a directory is told from the root directory of its session on', async () => {
  assert.equal(await told('/', '/home/alice/é "x"'), '/home/alice/é "x"');
  assert.equal(await told('/', '/'), '/');
  assert.equal(await told('/home/alice', '/home/alice'), '/');
  assert.equal(await told('/home/alice', '/home/alice/a/b'), '/a/b');
});

test('nothing is told of what lies elsewhere, was removed, may not be read or is another process’ by now', async () => {
  assert.equal(await told('/home/alice', '/home/alice2/a'), null);
  assert.equal(await told('/home/alice', '/'), null);
  assert.equal(await told('/', '(unreachable)/a'), null);
  assert.equal(await told('/', '/home/alice/gone (deleted)'), null);
  assert.equal(await told('/home/alice (deleted)', '/home/alice (deleted)/a'), null);
  assert.equal(await told('/', null), null);
  assert.equal(await told(null, '/home/alice'), null);
  assert.equal(await told('/', '/home/alice', false), null);
  const sessions = [ftpSession(), ftpSession({ pid: 8 })];
  const none = { files: null, living: async () => new Set<number>() };
  assert.deepEqual(await readDirectories(sessions, none), [null, null]);
});
