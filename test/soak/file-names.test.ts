import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownName, uniqueName } from './file-names.ts';

test('no two transfers share a name, on the disk or in a row', () => {
  const names: Buffer[] = [];
  for (let session = 1; session <= 200; session++) {
    for (let transfer = 1; transfer <= 8; transfer++) names.push(uniqueName(session, transfer));
  }
  assert.equal(new Set(names.map((name) => shownName(name))).size, names.length);
  assert.ok(names.every((name) => name.length <= 255));
  assert.ok(names.some((name) => shownName(name).includes('\ufffd')));
});
