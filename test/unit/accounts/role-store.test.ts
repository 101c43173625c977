import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openRoleStore } from '../../../src/accounts/role-store.ts';
import { StateFileError } from '../../../src/state/state-file-error.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'uapid-roles-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

test('the FTP role is enabled as long as nobody has said otherwise', () => {
  assert.equal(openRoleStore(dir).isEnabled('FTP'), true);
  assert.deepEqual(readdirSync(dir), []);
});

test('a running server obeys a change of the role at its next answer', async () => {
  const server = openRoleStore(dir);
  await openRoleStore(dir).set('FTP', false);
  assert.equal(server.isEnabled('FTP'), false);
  assert.equal(openRoleStore(dir).isEnabled('FTP'), false);
  await openRoleStore(dir).set('FTP', true);
  assert.equal(server.isEnabled('FTP'), true);
  assert.equal(statSync(join(dir, 'roles.json')).mode & 0o777, 0o600);
});

test('a damaged file does not switch a disabled role on', async () => {
  const problems: string[] = [];
  const server = openRoleStore(dir, { onProblem: (message) => problems.push(message) });
  await server.set('FTP', false);
  writeFileSync(join(dir, 'roles.json'), '{"version": 1, "enabled": {"FTP": "yes"}}');
  assert.equal(server.isEnabled('FTP'), false);
  assert.equal(problems.length, 1);
  assert.throws(() => openRoleStore(dir), StateFileError);
});
