import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '../../support/debian-packages.ts';

test('npm start builds what has changed since the last build, with a word, and nothing that is fresh', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'uapid-fresh-'));
  t.after(() => rmSync(root, { recursive: true }));
  const script = 'build/is-fresh.mjs';
  const built = 'dist/src/licences.txt';
  const sources = ['src/a/b.ts', 'build/bundle.ts', 'package-lock.json', 'tsconfig.json'];
  for (const file of [script, built, 'package.json', ...sources]) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), '');
  }
  copyFileSync(join(projectRoot(), script), join(root, script));
  const setTime = (file: string, seconds: number) => utimesSync(join(root, file), seconds, seconds);
  const folders = ['src', 'src/a', 'build'];
  for (const file of [script, 'package.json', ...sources, ...folders]) setTime(file, 1_000);
  const run = () => {
    const { status, stdout } = spawnSync(process.execPath, [join(root, script)], {
      encoding: 'utf8',
    });
    return [status, stdout.split(' ')[0]];
  };
  setTime(built, 2_000);
  assert.deepEqual(run(), [0, '']);
  // A folder's own time is that of the last file that came or went.
  for (const changed of [...sources, ...folders]) {
    setTime(changed, 3_000);
    assert.deepEqual(run(), [1, 'Building'], changed);
    setTime(changed, 1_000);
  }
  rmSync(join(root, built));
  assert.deepEqual(run(), [1, 'Building']);
});
