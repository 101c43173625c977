import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { openapiDocument } from '../src/openapi.ts';
import { functions } from '../src/uapi/functions.ts';

test('openapi/uapi.json is what the functions say (else run: npm run openapi)', async () => {
  const file = new URL('../../openapi/uapi.json', import.meta.url);
  assert.equal(
    await readFile(file, 'utf8'),
    `${JSON.stringify(await openapiDocument(), null, 2)}\n`,
  );
});

test('every function has its operation in the document', async () => {
  const document = (await openapiDocument()) as { openapi: string; paths: object };
  assert.match(document.openapi, /^3\.1\./);
  for (const { module, name } of functions) {
    assert.ok(`/${module}/${name}` in document.paths);
  }
});
