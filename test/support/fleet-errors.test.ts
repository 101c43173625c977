import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endingErrors, endingTexts } from './fleet-errors.ts';

test('docs/fleet.md has whatever is said of an ending that a host may refuse', () => {
  const documented = new Set(endingErrors().map(([text]) => text));
  assert.deepEqual(
    endingTexts().filter((text) => !documented.has(text)),
    [],
  );
});
