import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pageStates } from '../../demo/page-states.ts';
import { projectRoot } from '../../support/debian-packages.ts';

const docs = join(projectRoot(), 'docs');
const pictures = join(docs, 'pictures');

test('docs/page.md shows each state of the page, and there is no picture of another one', () => {
  const text = readFileSync(join(docs, 'page.md'), 'utf8');
  const shown = Array.from(
    text.matchAll(/^!\[(.*)\]\(pictures\/(.*)\.webp\)$/gm),
    ([, title, name]) => [name, title],
  );
  assert.deepEqual(
    shown,
    pageStates.map(({ name, title }) => [name, title]),
  );
  assert.deepEqual(readdirSync(pictures).sort(), shown.map(([name]) => `${name}.webp`).sort());
});

test('the pictures are WebP, and all of them together less than two megabytes', () => {
  const sizes = readdirSync(pictures).map((name) => {
    const path = join(pictures, name);
    // RFC 9649, section 2.4: the container of WebP.
    assert.match(readFileSync(path).subarray(0, 12).toString('latin1'), /^RIFF....WEBP$/s, name);
    return statSync(path).size;
  });
  const sum = sizes.reduce((total, size) => total + size, 0);
  assert.ok(sum < 2_000_000, `${sum} bytes`);
});
