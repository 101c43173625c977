import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allProcesses, titleOf } from '../support/processes.ts';
import { needsSandbox } from '../support/sandbox.ts';

const demo = fileURLToPath(new URL('demo.js', import.meta.url));

const wanted = [
  /^ {2}curl -u admin:\w+ http:\/\/127\.0\.0\.1:\d+\/Ftp\/list_sessions$/m,
  / alice +127\.0\.0\.1 +DL .* backup\.tar\.gz +pure-ftpd \(DOWNLOAD\)$/m,
  / bob +127\.0\.0\.1 +UL .* holiday\.mp4 +pure-ftpd \(UPLOAD\)$/m,
  / dev@alice\.example +127\.0\.0\.1 +IDLE .* pure-ftpd \(IDLE\)$/m,
  / dev@alice\.example +127\.0\.0\.1 +DL .* public_html\/größe 1\.jpg +pure-ftpd/m,
];

/** Runs the demo; `isSeen` ends it as Ctrl-C does. Resolves to all that it printed. */
async function show(seconds: number, isSeen: (text: string) => boolean): Promise<string> {
  const args = [demo, '--seconds', `${seconds}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let text = '';
  let isEnding = false;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    // Once: a second one ends it without taking anything down.
    if (!isEnding && isSeen(text)) {
      isEnding = true;
      child.kill('SIGINT');
    }
  });
  assert.deepEqual(await closed, [0, null]);
  return text;
}

test('shows each user at work, and leaves nothing running', { skip: needsSandbox() }, async () => {
  const text = await show(120, (soFar) => wanted.every((each) => each.test(soFar)));
  for (const each of wanted) assert.match(text, each);
  assert.match(text, /Everything is taken down/);
  const left = allProcesses().filter(({ pid }) => titleOf(pid)?.startsWith('pure-ftpd'));
  assert.deepEqual(left, []);
});

test('ends by itself after the seconds that it was given', { skip: needsSandbox() }, async () => {
  assert.match(await show(1, () => false), /Everything is taken down/);
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
