import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { generatePassword } from '../../../src/accounts/password.ts';

const program = fileURLToPath(new URL('../../../src/cli.js', import.meta.url));

test('every change by a command is one line of the audit log, with who made it and no secret', (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-audit-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  const password = generatePassword();
  const { SUDO_USER: _, ...env } = process.env;
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [program, ...args, '--state-dir', stateDir], {
      input: `${password}\n`,
      env,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    }).trim();
  run('account', 'add', 'alice', '--password-stdin');
  run('account', 'passwd', 'alice', '--password-stdin');
  run('account', 'feature', 'disable', 'alice', 'ftpaccts');
  const token = run('token', 'add', 'alice');
  const { id } = JSON.parse(run('token', 'list', '--json'))[0];
  run('token', 'revoke', id);
  run('role', 'disable', 'FTP');
  run('account', 'remove', 'alice');

  const log = readFileSync(join(stateDir, 'audit.log'), 'utf8');
  const by = `by="${userInfo().username}"`;
  assert.deepEqual(
    log
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^uapid-audit: \d{4}-\d\d-\d\dT\S+Z /, '')),
    [
      `account-added address=- account="alice" ${by} role=user`,
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
