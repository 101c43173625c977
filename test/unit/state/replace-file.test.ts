import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ensureKeys } from '../../../src/fleet/key-files.ts';
import { replaceFile } from '../../../src/state/replace-file.ts';
import { StateFileError } from '../../../src/state/state-file-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'uapid-replace-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const inFolder = (name: string) => join(folder, name);
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('the file of another program that is replaced', () => {
  test('is for its owner alone where it is new, else for whom it was, and no others may write it', async () => {
    const path = inFolder('new.conf');
    await replaceFile(path, 'one');
    assert.equal(modeOf(path), '600');
    chmodSync(path, 0o666);
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) chownSync(path, 12_345, 12_346);
    await replaceFile(path, 'two');
    assert.deepEqual([readFileSync(path, 'utf8'), modeOf(path)], ['two', '644']);
    const { uid, gid } = statSync(path);
    if (isRoot) assert.deepEqual([uid, gid], [12_345, 12_346]);
  });

  test('is another file each time, so that whoever reads the old one reads all of it', async () => {
    const path = inFolder('kept.conf');
    await replaceFile(path, 'one');
    const { ino } = statSync(path);
    await replaceFile(path, 'two');
    assert.notEqual(statSync(path).ino, ino);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('kept')),
      ['kept.conf'],
    );
  });

  test('is no link, no directory and no pipe, and nothing is written then', async () => {
    const other = inFolder('other');
    writeFileSync(other, 'precious');
    symlinkSync('other', inFolder('link'));
    symlinkSync('nowhere', inFolder('dangling'));
    mkdirSync(inFolder('directory'));
    for (const name of ['link', 'dangling', 'directory']) {
      await assert.rejects(replaceFile(inFolder(name), 'evil'), StateFileError, name);
    }
    await assert.rejects(replaceFile('/dev/full', 'evil'), /is no file/);
    // Whoever owns the directory may put a link where the new file is made.
    const wanted = inFolder('wanted.conf');
    await assert.rejects(replaceFile(wanted, 'evil', inFolder('link')), /\(EEXIST\)/);
    assert.equal(existsSync(wanted), false);
    await assert.rejects(replaceFile(inFolder('none/x'), 'evil'), /cannot be written \(ENOENT\)/);
    assert.equal(readFileSync(other, 'utf8'), 'precious');
    assert.equal(existsSync(inFolder('nowhere')), false);
  });
});

test('keys of a fleet are written through no link', async () => {
  const state = inFolder('state');
  mkdirSync(join(state, 'fleet'), { recursive: true });
  writeFileSync(inFolder('precious'), 'precious');
  for (const name of ['connection.nk', 'signing.pem']) {
    const path = join(state, 'fleet', name);
    symlinkSync(inFolder('precious'), path);
    for (const replace of [false, true]) {
      await assert.rejects(ensureKeys(state, { replace }), /is a link/);
    }
    rmSync(path);
  }
  assert.equal(readFileSync(inFolder('precious'), 'utf8'), 'precious');
});
