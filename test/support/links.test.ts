import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { project } from './generated-tables.ts';

const documents = [
  ...readdirSync(project).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(project, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

for (const document of documents) {
  const text = readFileSync(join(project, document), 'utf8');

  test(`${document}: every link to a file leads to one`, () => {
    const targets = Array.from(text.matchAll(/\]\((?!https?:|#)([^)#]+)/g), ([, to]) => to ?? '');
    const missing = targets.filter((to) => !existsSync(join(project, dirname(document), to)));
    assert.deepEqual(missing, []);
  });

  test(`${document}: every file of the project that it names is there`, () => {
    const named = text.matchAll(/`((?:src|test|docs|packaging|openapi)\/[\w./-]+)`/g);
    const paths = Array.from(named, ([, path]) => path ?? '');
    // NAME and MODULE stand for any.
    const real = paths.filter((path) => !/\b(?:NAME|MODULE)\b/.test(path));
    const missing = real.filter((path) => !existsSync(join(project, path)));
    assert.deepEqual(missing, []);
  });
}

test('every test that the security model names is there', () => {
  const text = readFileSync(join(project, 'docs/security-model.md'), 'utf8');
  const named = Array.from(
    text.matchAll(/`((?:system|unit|soak)\/[\w/-]+)`/g),
    ([, at]) => at ?? '',
  );
  const isThere = (at: string) =>
    existsSync(join(project, `test/${at}.test.ts`)) || existsSync(join(project, 'test', at));
  assert.ok(named.length > 20);
  assert.deepEqual(
    named.filter((at) => !isThere(at)),
    [],
  );
});
