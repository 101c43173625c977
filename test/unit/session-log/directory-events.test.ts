import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { watchDirectory } from '../../../src/session-log/directory-events.ts';
import { needsSandbox } from '../../support/sandbox.ts';
import { until } from '../../support/until.ts';

// The directory has to be root's.
const skip = needsSandbox();

function watched(t: TestContext, { exists = true, queueLength = 16_384 } = {}) {
  const above = mkdtempSync(join(tmpdir(), 'directory-events-'));
  const folder = join(above, 'ftpd');
  if (exists) mkdirSync(folder);
  const told: string[] = [];
  const events = watchDirectory(
    [join(above, 'none', 'ftpd'), folder],
    {
      onName: (name) => told.push(name),
      onOverflow: () => told.push('overflow'),
      onWatched: () => told.push('watched'),
      onLost: () => told.push('lost'),
      onRefused: () => told.push('refused'),
    },
    queueLength,
  );
  t.after(() => {
    events.close();
    rmSync(above, { recursive: true });
  });
  const tells = (what: string) => until(() => told.includes(what), { what: `it tells ${what}` });
  return { above, folder, told, tells };
}

test('as many events at one go as the kernel keeps are told as perhaps not all, fewer are not', {
  skip,
}, async (t) => {
  const few = watched(t);
  const many = watched(t, { queueLength: 20 });
  for (const { folder } of [few, many]) {
    for (let i = 0; i < 20; i += 1) writeFileSync(join(folder, `client-${i}`), '');
  }
  await many.tells('overflow');
  await few.tells('client-19');
  assert.ok(!few.told.includes('overflow'));
});

test('a directory that is made later is watched, and so is one that took the place of another', {
  skip,
}, async (t) => {
  const { above, folder, told, tells } = watched(t, { exists: false });
  assert.deepEqual(told, []);
  mkdirSync(folder);
  await tells('watched');
  writeFileSync(join(folder, 'a'), '');
  await tells('a');
  renameSync(folder, join(above, 'aside'));
  await tells('lost');
  mkdirSync(folder);
  await until(() => told.filter((each) => each === 'watched').length === 2, {
    what: 'it is watched',
  });
  writeFileSync(join(folder, 'b'), '');
  await tells('b');
});

test('a directory that others than root may write is refused', { skip }, async (t) => {
  const { folder, told, tells } = watched(t, { exists: false });
  const before = process.umask(0);
  mkdirSync(folder, { mode: 0o777 });
  process.umask(before);
  await tells('refused');
  assert.ok(!told.includes('watched'));
});
