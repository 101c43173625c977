import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { until } from '../../support/until.ts';

/** Logs far more than a socket holds, works on, and ends. Children clear the flag that keeps writes from waiting. */
const program = `
  import { spawnSync } from 'node:child_process';
  import { pbkdf2 } from 'node:crypto';
  import { createLog } from ${JSON.stringify(new URL('../../../src/lib/log.js', import.meta.url).href)};
  const logger = createLog('info');
  spawnSync('true', { stdio: 'inherit' });
  for (let i = 0; i < 700; i += 1) logger.info('x'.repeat(1_000));
  // All four threads of the pool are free for other work.
  let done = 0;
  const work = () => pbkdf2('a', 'b', 1, 8, 'sha256', () => { done += 1; });
  setTimeout(() => {
    spawnSync('true', { stdio: 'inherit' });
    for (let i = 0; i < 8; i += 1) work();
    const timer = setInterval(() => {
      if (done < 8) return;
      clearInterval(timer);
      process.stdout.write('worked on', () => process.exit(0));
    }, 10);
  }, 300);
`;

test('a journal that hangs behind a socket holds neither the program nor its end', async (t) => {
  const flags = ['--input-type=module', '--eval', program];
  // Node.js makes sockets of these, as systemd does for the journal; nobody reads the second.
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text;
  });
  const isOver = once(child, 'exit');
  await until(() => child.exitCode !== null || child.signalCode !== null, {
    what: 'it ends',
    timeoutMs: 20_000,
  });
  await isOver;
  assert.deepEqual([child.exitCode, said], [0, 'worked on']);
});
