import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runUapid } from '../../support/cli-run.ts';

test('sixteen commands at once that add an account all do, behind what a power cut has left', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'uapid-at-once-'));
  t.after(() => rmSync(dir, { recursive: true }));
  // The lock of a holder that is gone, whose pid another process has by now: process 1 lives always.
  for (const name of ['accounts.json.lock', 'accounts.json.lock.break']) {
    writeFileSync(join(dir, name), '1\n');
  }
  const names = Array.from({ length: 16 }, (_, index) => `user${index + 10}`);
  const results = await Promise.all(
    names.map((name) =>
      runUapid(['account', 'add', name, '--state-dir', dir, '--password-stdin'], {
        input: 'correct horse battery staple\n',
        // Sixteen at once take each other's processor time.
        timeoutMs: 240_000,
      }),
    ),
  );
  for (const { code, stderr } of results) assert.equal(code, 0, stderr);
  const { stdout } = await runUapid(['account', 'list', '--json', '--state-dir', dir]);
  const listed = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
  assert.deepEqual(listed, names);
  const left = readdirSync(dir).filter((name) => !/\.lock(\.break)?$/.test(name));
  assert.deepEqual(left, ['accounts.json', 'accounts.json.last', 'audit.log']);
});
