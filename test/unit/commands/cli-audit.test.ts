import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { generatePassword } from '../../../src/accounts/password.ts';
import { runCommand } from '../../support/command-run.ts';

test('every change by a command is one line of the audit log, with who made it and no secret', async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-audit-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  const password = generatePassword();
  const run = async (...args: string[]) => {
    const input = `${password}\n`;
    const { code, stdout, stderr } = await runCommand([...args, '--state-dir', stateDir], {
      input,
    });
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  await run('account', 'add', 'alice', '--password-stdin');
  await run('account', 'set', 'alice', '--role', 'reseller');
  await run('account', 'set', 'alice', '--role', 'reseller');
  await run('account', 'passwd', 'alice', '--password-stdin');
  await run('account', 'feature', 'disable', 'alice', 'ftpaccts');
  const token = await run('token', 'add', 'alice');
  const { id } = JSON.parse(await run('token', 'list', '--json'))[0];
  await run('token', 'revoke', id);
  await run('role', 'disable', 'FTP');
  await run('account', 'remove', 'alice');

  const log = readFileSync(join(stateDir, 'audit.log'), 'utf8');
  const by = `by="${userInfo().username}"`;
  assert.deepEqual(
    log
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^uapid-audit: \d{4}-\d\d-\d\dT\S+Z /, '')),
    [
      `account-added address=- account="alice" ${by} role=user`,
      `account-changed address=- account="alice" ${by} role=reseller`,
      `password-changed address=- account="alice" ${by}`,
      `feature-changed address=- account="alice" ${by} state=disabled feature=ftpaccts`,
      `token-added address=- account="alice" ${by} token="${id}"`,
      `token-revoked address=- account="alice" ${by} token="${id}"`,
      `role-changed address=- account=- ${by} role=FTP state=disabled`,
      `account-removed address=- account="alice" ${by}`,
    ],
  );
  for (const secret of [password, token]) assert.ok(!log.includes(secret));
  assert.equal(statSync(join(stateDir, 'audit.log')).mode & 0o777, 0o640);
});
