import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromWorker } from '../../../src/channel/messages.ts';
import { project } from '../../support/generated-tables.ts';

test('the security model names all that a worker may ask of the monitor and tell it, and nothing else', () => {
  const text = readFileSync(join(project, 'docs/security-model.md'), 'utf8');
  const [paragraph = ''] = /^Over the channel the worker may ask(?:.+\n)+/m.exec(text) ?? [];
  const named = Array.from(paragraph.matchAll(/`([^`]+)`/g), ([, name]) => name);
  const [requests, events] = fromWorker.options;
  const known = [
    ...requests.options.map(({ shape }) => shape.verb.value),
    ...events.options.map(({ shape }) => shape.event.value),
  ];
  assert.deepEqual(named.sort(), known.sort());
});
