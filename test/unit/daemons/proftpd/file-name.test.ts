import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileNameOf } from '../../../../src/daemons/proftpd/file-name.ts';

const none = { recorded: null, titled: null, path: null, isChosenByDaemon: false };

test('a name that the record holds whole is that name', () => {
  assert.equal(fileNameOf({ ...none, recorded: 'a b|c', path: '/home/x/other' }), 'a b|c');
});

test('a name that the record has cut is whole in the title or in the open file', () => {
  const name = `folder/${'n'.repeat(200)}.bin`;
  const recorded = name.slice(0, 78);
  const path = `/home/x/${name}`;
  assert.equal(fileNameOf({ ...none, recorded, titled: name, path }), name);
  assert.equal(fileNameOf({ ...none, recorded, titled: name.slice(0, 150), path }), name);
  assert.equal(fileNameOf({ ...none, recorded, path }), name);
  const hidden = `/home/x/folder/.in.${'n'.repeat(200)}.bin.`;
  assert.equal(fileNameOf({ ...none, recorded, titled: name, path: hidden }), name);
});

test('a name that nothing tells whole is not known', () => {
  const recorded = 'n'.repeat(78);
  assert.equal(fileNameOf({ ...none, recorded }), null);
  assert.equal(fileNameOf({ ...none, recorded, path: '/home/x/other' }), null);
  const inFolder = `${'f'.repeat(50)}/${'g'.repeat(27)}`;
  assert.equal(fileNameOf({ ...none, recorded: inFolder, path: `/h/${'g'.repeat(30)}` }), null);
  assert.equal(fileNameOf({ ...none, titled: 'cut' }), null);
});

test('a name that the daemon has chosen is the open file’s', () => {
  const chosen = { ...none, recorded: '', path: '/home/x/ftp.1', isChosenByDaemon: true };
  assert.equal(fileNameOf(chosen), 'ftp.1');
});

test('a name whose quotes the daemon has taken away is the open file’s', () => {
  const names = [
    ['a b', '/home/x/"a b"', '"a b"'],
    ['folder/a  b', '/home/x/folder/a\\  b', 'folder/a\\  b'],
    ['/folder/a', '/home/x/folder/"a"', '/folder/"a"'],
    ['a', '/home/x/.in."a".', '"a"'],
    ['../a', '/home/x/a', '../a'],
    ['link', '/home/x/a', 'link'],
  ] as const;
  for (const [recorded, path, name] of names) {
    assert.equal(fileNameOf({ ...none, recorded, path }), name);
  }
});
