import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daemonDescriptions } from '../../../src/daemons/descriptions.ts';
import { gapCauses } from '../../../src/daemons/gap-text.ts';
import { daemonDrivers } from '../../../src/daemons/index.ts';

test('every daemon of the one list is in the other, under names and causes of its own', () => {
  assert.deepEqual(
    daemonDrivers.map(({ description }) => description),
    daemonDescriptions,
  );
  const names = daemonDescriptions.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const own = daemonDescriptions.flatMap(({ gaps }) => Object.keys(gaps));
  assert.equal(new Set(own).size, own.length);
  assert.ok(own.every((cause) => gapCauses.includes(cause)));
});
