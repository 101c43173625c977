import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { allProcesses, titleOf } from '../support/processes.ts';
import { needsSandbox } from '../support/sandbox.ts';

const demo = fileURLToPath(new URL('demo.js', import.meta.url));

test('shows each user at work, and leaves nothing running', { skip: needsSandbox() }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [demo, '--seconds', '6']);
  assert.match(stdout, /^ {2}curl -u admin:\w+ http:\/\/127\.0\.0\.1:\d+\/Ftp\/list_sessions$/m);
  assert.match(stdout, / alice +127\.0\.0\.1 +DL .* backup\.tar\.gz +pure-ftpd \(DOWNLOAD\)$/m);
  assert.match(stdout, / bob +127\.0\.0\.1 +UL .* holiday\.mp4 +pure-ftpd \(UPLOAD\)$/m);
  assert.match(stdout, / dev@alice\.example +127\.0\.0\.1 +IDLE .* pure-ftpd \(IDLE\)$/m);
  assert.match(
    stdout,
    / dev@alice\.example +127\.0\.0\.1 +DL .* public_html\/größe 1\.jpg +pure-ftpd/m,
  );
  assert.match(stdout, /Everything is taken down/);
  const left = allProcesses().filter(({ pid }) => titleOf(pid)?.startsWith('pure-ftpd'));
  assert.deepEqual(left, []);
});

test('says what it needs and ends with 2 where no sandbox can be', () => {
  const env = { PATH: '/nowhere' };
  const { status, stderr } = spawnSync(process.execPath, [demo], { env, encoding: 'utf8' });
  assert.equal(status, 2);
  assert.match(stderr, /cannot do so here: .*Run it as root on Linux\.\n$/);
});

test('ends with 2 when it does not understand its arguments', () => {
  for (const args of [['--seconds', 'many'], ['--seconds', '0'], ['--minutes', '1'], ['1']]) {
    assert.equal(spawnSync(process.execPath, [demo, ...args]).status, 2, args.join(' '));
  }
});
