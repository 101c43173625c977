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

  test(`${document}: every link to a heading leads to one`, () => {
    const targets = Array.from(
      text.matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g),
      ([, to, anchor]) => ({ path: to ? join(dirname(document), to) : document, anchor }),
    );
    const missing = targets.filter(
      ({ path, anchor = '' }) =>
        !anchors(readFileSync(join(project, path), 'utf8')).includes(anchor),
    );
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

/** The names that GitHub gives to the headings of a text: small letters, hyphens for blanks, no punctuation. */
function anchors(text: string): string[] {
  const code = /^```.*?^```$/gms;
  return Array.from(text.replace(code, '').matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}
