import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RefusedError } from '../../../src/lib/refused-error.ts';
import { StateFileError } from '../../../src/state/state-file-error.ts';
import { openConfiguredKeyPair, writeStateKeyPair } from '../../../src/tls/state-files.ts';
import { localPair, putPair } from '../../support/key-pairs.ts';

test('of several pairs that are kept at once one is there, whole, and the others are refused', async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-tls-state-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  const pairs = [await localPair(), await localPair(), await localPair()];
  const writes = pairs.map((pair) => writeStateKeyPair(stateDir, pair, { replace: false }));
  const results = await Promise.allSettled(writes);
  const kept = results.findIndex(({ status }) => status === 'fulfilled');
  const refusals = results.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  assert.ok(refusals.length === 2 && refusals.every((error) => error instanceof RefusedError));
  assert.deepEqual(openConfiguredKeyPair({ tls: null, stateDir }).current(), pairs[kept]);
});

test('files that the settings name are used, and the state directory’s are not looked at', async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-tls-state-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  const [own, named] = [await localPair(), await localPair()];
  const { key } = await writeStateKeyPair(stateDir, own, { replace: false });
  const tls = putPair(stateDir, named);
  assert.deepEqual(openConfiguredKeyPair({ tls, stateDir }).current(), named);
  assert.equal(readFileSync(key, 'utf8'), own.key);
});

test('a new pair of which one half cannot be written leaves the old pair whole', async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-tls-state-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  const [old, renewed] = [await localPair(), await localPair()];
  const { cert } = await writeStateKeyPair(stateDir, old, { replace: false });
  mkdirSync(`${cert}.new`);
  const replacing = writeStateKeyPair(stateDir, renewed, { replace: true });
  await assert.rejects(replacing, StateFileError);
  assert.deepEqual(openConfiguredKeyPair({ tls: null, stateDir }).current(), old);
  assert.deepEqual(readdirSync(join(stateDir, 'tls')), ['cert.pem', 'key.pem', 'lock']);
});
