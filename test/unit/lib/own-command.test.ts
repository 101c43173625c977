import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ownCommand } from '../../../src/lib/own-command.ts';

test('a command is named as whoever started the server can type it, for the state that it serves', (t) => {
  const bin = mkdtempSync(join(tmpdir(), 'uapid-bin-'));
  t.after(() => rmSync(bin, { recursive: true }));
  const named = (...args: string[]) =>
    ownCommand('account add admin', {
      argv: ['/usr/bin/node', '/srv/uapid/dist/src/cli.js', 'serve', ...args],
      path: `/nowhere:${bin}`,
      cwd: '/srv/uapid',
    });
  assert.equal(named(), 'node dist/src/cli.js account add admin');
  writeFileSync(join(bin, 'uapid'), '');
  assert.equal(named(), 'uapid account add admin');
  assert.equal(named('--state-dir', '/srv/s'), 'uapid account add admin --state-dir /srv/s');
  assert.equal(named('--state-dir=/srv/s'), 'uapid account add admin --state-dir /srv/s');
});
