import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { newSpaceFlag } from '../../../src/lib/v8-flags.ts';

const read = (path: string) =>
  readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');

test('`npm start` and the package’s uapid start Node.js with the small space for new objects', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  assert.match(scripts['start'] ?? '', new RegExp(`node ${newSpaceFlag} dist/src/cli\\.js serve$`));
  assert.match(read('packaging/debian/uapid'), new RegExp(`node ${newSpaceFlag} /`));
});
