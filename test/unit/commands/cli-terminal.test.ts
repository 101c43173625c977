import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openAccountStore } from '../../../src/accounts/account-store.ts';
import { generatePassword } from '../../../src/accounts/password.ts';
import { until } from '../../support/until.ts';

const program = fileURLToPath(new URL('../../../src/cli.js', import.meta.url));
const hasScript = /util-linux/.test(String(spawnSync('script', ['--version']).stdout));
const skip = !hasScript && 'needs script (util-linux), which gives a program a terminal';

let state: string;
let child: ChildProcessWithoutNullStreams;
let screen: string;
/** Its exit code, once all that it wrote is there. */
let closed: Promise<unknown[]>;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'uapid-terminal-'));
});
afterEach(() => {
  child.kill('SIGKILL');
  rmSync(state, { recursive: true });
});

/** Starts the program on a terminal of its own, whose screen is collected in `screen`. */
function start(...args: string[]): void {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, UAPID_STATE_DIR: state, SHELL: '/bin/sh' };
  const command = [process.execPath, program, ...args].map((word) => `'${word}'`).join(' ');
  child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { env });
  closed = once(child, 'close');
  screen = '';
  child.stdout.on('data', (chunk) => {
    screen += chunk;
  });
}

/** The command lines and titles of processes that have a text in them. */
function commandLinesWith(part: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        // It has ended since.
        return '';
      }
    })
    .filter((line) => line.includes(part));
}

/** Types once the screen shows what is waited for. */
async function type(keys: string, after: string): Promise<void> {
  await until(() => screen.includes(after), { what: `"${after}" is shown`, timeoutMs: 60_000 });
  child.stdin.write(keys);
}

async function exitCode(): Promise<number | null> {
  const [code] = await closed;
  return code as number | null;
}

test('a password is asked for twice on the terminal and never shown', { skip }, async () => {
  const password = generatePassword();
  start('account', 'add', 'alice');
  await type(`${password}\r`, 'New password: ');
  await type(password, 'Repeat it: ');
  assert.deepEqual(commandLinesWith(password), []);
  child.stdin.write('\r');
  assert.equal(await exitCode(), 0, screen);
  assert.ok(!screen.includes(password) && !screen.includes(password.slice(0, 4)), screen);
  assert.equal(await openAccountStore(state).verify('alice', password), true);
});

test('two passwords that differ change nothing', { skip }, async () => {
  start('account', 'add', 'alice');
  await type(`${generatePassword()}\r`, 'New password: ');
  await type(`${generatePassword()}\r`, 'Repeat it: ');
  assert.equal(await exitCode(), 6);
  assert.match(screen, /differ/);
  assert.equal(openAccountStore(state).isEmpty(), true);
});

test('Ctrl-C and Ctrl-D at the question end it without an account', { skip }, async () => {
  for (const key of ['\x03', '\x04']) {
    start('account', 'add', 'alice');
    await type(key, 'New password: ');
    assert.equal(await exitCode(), 2, screen);
    assert.equal(openAccountStore(state).isEmpty(), true);
  }
});

test('the list is a table with headings on a terminal', { skip }, async () => {
  const password = generatePassword();
  await openAccountStore(state).add({ name: 'administrator', role: 'admin', password });
  await openAccountStore(state).add({ name: 'bob', role: 'user', password });
  start('account', 'list');
  assert.equal(await exitCode(), 0);
  assert.deepEqual(screen.trimEnd().split('\r\n'), [
    'NAME           ROLE   SYSTEM-USER  OWNER  FEATURES  FTP-LOGINS',
    'administrator  admin  -            -      ftpaccts  -',
    'bob            user   bob          -      ftpaccts  -',
  ]);
});
