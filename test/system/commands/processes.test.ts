import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { plainEnv, program, runUapid } from '../../support/cli-run.ts';
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

/** A command that ends by itself, with its standard output into a descriptor. */
async function runInto(stdout: number, stateDir: string, args: readonly string[]) {
  const child = spawn(process.execPath, [program, ...args], {
    env: plainEnv({ UAPID_STATE_DIR: stateDir }),
    stdio: ['ignore', stdout, 'pipe'],
  });
  const [stderr, [code]] = await Promise.all([
    child.stderr === null ? '' : text(child.stderr),
    once(child, 'close'),
  ]);
  assert.doesNotMatch(stderr, /^ +at /m, args.join(' '));
  return { code, stderr };
}

/** A state directory that is gone after the test. */
function stateOf(t: TestContext): string {
  const stateDir = mkdtempSync(join(tmpdir(), 'uapid-output-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  return stateDir;
}

/** The two kinds of output that take nothing, and what is said of them. */
const outputs = [
  { of: 'a pipe whose reader has gone', open: unreadPipe, reason: 'write EPIPE' },
  { of: 'a full disk', open: () => openSync('/dev/full', 'w'), reason: 'ENOSPC: no space left' },
] as const;

/** The writing end of a pipe that nobody can read any more. */
function unreadPipe(): number {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-pipe-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, 'w');
  closeSync(reader);
  rmSync(folder, { recursive: true });
  return writer;
}

const printing = [
  ['--help'],
  ['--version'],
  ['openapi'],
  ['account', 'list'],
  ['account', 'list', '--json'],
  ['token', 'list'],
  ['role', 'list'],
  ['sessions', '--json'],
  ['sessions', '--json', '--watch'],
  ['uapi', '--user=root', 'Ftp', 'list_sessions'],
];

for (const { of, open } of outputs) {
  const isFull = of === 'a full disk';
  const ends = isFull ? 'fails with a sentence' : 'is no failure';
  test(`${of} under the output of a command ${ends}, and no command shows a stack`, async (t) => {
    const stateDir = stateOf(t);
    const output = open();
    t.after(() => closeSync(output));
    for (const args of printing) {
      const { code, stderr } = await runInto(output, stateDir, args);
      assert.equal(code, isFull ? 1 : 0, `${args.join(' ')}: ${stderr}`);
      const said = /^uapid: the output cannot be written: ENOSPC.*$/m.test(stderr);
      assert.equal(said, isFull, `${args.join(' ')}: ${stderr}`);
    }
  });
}

const another = 'so nobody knows it; set another: uapid account passwd boss';
const secrets = [
  { args: ['account', 'add', 'boss', '--role', 'admin'], remedy: another },
  { args: ['account', 'passwd', 'boss'], remedy: another },
  { args: ['account', 'set', 'boss'], remedy: another },
  { args: ['account', 'set', 'new', '--role', 'admin'], remedy: 'uapid account passwd new' },
  {
    args: ['token', 'add', 'boss'],
    remedy: 'so it was revoked; make another: uapid token add boss',
  },
];

for (const { of, open, reason } of outputs) {
  test(`no command whose secret went into ${of} ends well, and each says what to do`, async (t) => {
    const stateDir = stateOf(t);
    const output = open();
    t.after(() => closeSync(output));
    for (const { args, remedy } of secrets) {
      const flags = args[0] === 'account' ? ['--generate-password'] : [];
      const { code, stderr } = await runInto(output, stateDir, [...args, ...flags]);
      assert.equal(code, 1, args.join(' '));
      assert.match(stderr, /could not be printed/);
      assert.ok(stderr.includes(`(${reason}`) && stderr.includes(remedy), stderr);
    }
    const tokens = await runUapid(['token', 'list'], { env: { UAPID_STATE_DIR: stateDir } });
    assert.deepEqual(tokens, { code: 0, stdout: '', stderr: '' });
  });
}
