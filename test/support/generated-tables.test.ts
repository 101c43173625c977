import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { generatedParts, project, regenerated } from './generated-tables.ts';

for (const part of generatedParts) {
  test(`${part.document}: “${part.name}” is what the code says (else run: npm run docs)`, () => {
    const text = readFileSync(join(project, part.document), 'utf8');
    assert.equal(regenerated(text, [part]), text);
  });
}

test('a part that says something else is found, and one without a place', () => {
  const part = { document: 'x.md', name: 'x', make: () => 'new\n' };
  const old = 'a\n<!-- generated: x -->\n\nold\n\n<!-- end of x -->\nb\n';
  assert.equal(
    regenerated(old, [part]),
    'a\n<!-- generated: x -->\n\nnew\n\n<!-- end of x -->\nb\n',
  );
  assert.throws(() => regenerated('a\n', [part]), /has no place for “x”/);
});
