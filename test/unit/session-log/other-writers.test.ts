import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sendFrame } from '../../../src/lib/frames.ts';
import { programFile } from '../../../src/lib/program-file.ts';

/** What a recorder says of its log, which this process has open, too. */
async function saidOf(t: TestContext, flags: 'a' | 'r'): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'other-writers-')));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'sessions.log');
  closeSync(openSync(path, 'a'));
  const fd = openSync(path, flags);
  t.after(() => closeSync(fd));
  const child = spawn(process.execPath, [fileURLToPath(programFile('session-recorder.js'))], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const channel = child.stdio[3] as Duplex;
  const log = { path, begin: false, days: 14 };
  const places = { directories: [], scoreboards: [], procRoot: '/proc', transferLogs: {} };
  sendFrame(channel, JSON.stringify({ event: 'begin', log, ...places }));
  channel.end();
  const [said] = await Promise.all([text(child.stderr ?? assert.fail()), once(child, 'exit')]);
  return said;
}

test('that another server keeps the same session log is told at the start, and of one that only reads it nothing', async (t) => {
  const said = await saidOf(t, 'a');
  assert.match(
    said,
    new RegExp(`^uapid: process ${process.pid} writes the session log /.*twice$`, 'm'),
  );
  assert.equal(await saidOf(t, 'r'), '');
});
