import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { testFolder } from './run-file.ts';
import { longestFirst, longNames, selectTests } from './select-tests.ts';

const paths = ['ftp/title.test.js', 'ftp/title.test.js.map', 'auth/title-case.test.js', 'app.js'];

test('all test files and nothing else are run when none is named', () => {
  assert.deepEqual(selectTests(paths, []), ['auth/title-case.test.js', 'ftp/title.test.js']);
});

test('a test can be named by its source, by what is built of it, by a part or by a pattern', () => {
  for (const name of [
    'test/ftp/title.test.ts',
    '/somewhere/dist/test/ftp/title.test.js',
    'ftp/',
    'f*title',
  ]) {
    assert.deepEqual(selectTests(paths, [name]), ['ftp/title.test.js'], name);
  }
});

test('a name behind an exclamation mark leaves out what has it', () => {
  assert.deepEqual(selectTests(paths, ['!ftp/']), ['auth/title-case.test.js']);
  assert.deepEqual(selectTests(paths, ['title', '!auth/']), ['ftp/title.test.js']);
});

test('a name that fits nothing selects nothing', () => {
  assert.deepEqual(selectTests(paths, ['ftp.title']), []);
});

test('files that take long begin first, units last, and none is left out', () => {
  const files = ['soak/soak.test.js', 'system/a.test.js', 'system/c.test.js', 'unit/b.test.js'];
  const mixed = ['unit/b.test.js', 'system/a.test.js', 'system/c.test.js', 'soak/soak.test.js'];
  assert.deepEqual(longestFirst(mixed), files);
});

test('of the files that take long none is named that there is not', () => {
  const found = readdirSync(testFolder, { recursive: true, encoding: 'utf8' });
  assert.deepEqual(
    longNames.filter((name) => !found.includes(`${name}.test.js`)),
    [],
  );
});
