import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runUapid } from '../../support/cli-run.ts';
import { runCommand } from '../../support/command-run.ts';

const password = 'correct horse battery staple\n';

/** A line for each command; most of the tests run them without a process each. */
const lines: readonly (readonly string[])[] = [
  ['--version'],
  ['sessions', '--json'],
  ['kill', '1'],
  ['openapi'],
  ['nonsense'],
  ['account', 'add', 'boss', '--role', 'admin', '--password-stdin'],
  ['account', 'add', 'boss', '--role', 'admin', '--password-stdin'],
  ['account', 'list', '--json'],
  ['role', 'disable', 'FTP'],
  ['role', 'list'],
  ['token', 'add', 'nobody'],
  ['token', 'list'],
  ['tls', 'self-signed'],
];

test('each command is as a process of its own what it is one after the other in one process', async (t) => {
  const [own, shared] = [1, 2].map(() => mkdtempSync(join(tmpdir(), 'uapid-processes-')));
  t.after(() => {
    for (const directory of [own, shared]) rmSync(directory ?? '', { recursive: true });
  });
  for (const args of lines) {
    const options = (stateDir = '') => ({ input: password, env: { UAPID_STATE_DIR: stateDir } });
    const [expected, result] = await Promise.all([
      runUapid(args, options(own)),
      runCommand(args, options(shared)),
    ]);
    assert.equal(
      result.code,
      expected.code,
      `${args.join(' ')}: ${expected.stderr}${result.stderr}`,
    );
    for (const stream of ['stdout', 'stderr'] as const) {
      const text = result[stream].replaceAll(shared ?? '', own ?? '');
      assert.equal(shapeOf(text), shapeOf(expected[stream]), args.join(' '));
    }
  }
});

/** What it says without what is another each time: keys, fingerprints, times. */
function shapeOf(text: string): string {
  return text
    .replaceAll(/[0-9A-F]{2}(:[0-9A-F]{2}){10,}/g, 'FINGERPRINT')
    .replaceAll(/[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4} GMT/g, 'TIME')
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?/g, 'TIME');
}
