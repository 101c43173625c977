import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withSourcePositions } from './source-positions.ts';

const source = fileURLToPath(import.meta.url)
  .replace('/dist/', '/')
  .replace(/\.js$/, '.ts');

function thrown(): string {
  return new Error('here').stack ?? '';
}

test('a stack names the lines of the sources', () => {
  const stack = withSourcePositions(thrown()).split('\n');
  const place = stack.find((each) => each.includes('thrown')) ?? '';
  const lines = readFileSync(source, 'utf8').split('\n');
  const line = lines.findIndex((each) => each.includes("Error('here')")) + 1;
  assert.ok(place.endsWith(`(${source}:${line}:10)`), place);
});

test('what has no map, or is no place in a file, stays as it is', () => {
  const text = 'at a (/nowhere/a.js:1:2)\nat node:internal/b:3:4\nit took 12:30:15';
  assert.equal(withSourcePositions(text), text);
});
