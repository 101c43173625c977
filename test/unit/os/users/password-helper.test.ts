import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  openPasswordHelper,
  requirePasswordHelper,
} from '../../../../src/os/users/password-helper.ts';
import { isAlive } from '../../../support/processes.ts';
import { until } from '../../../support/until.ts';

/*
 * Fakes of a helper, to force what pwauth does not do: hang, crash, be misinstalled. The real one is in
 * test/system/accounts.
 */

/** A shell script in place of the helper, with `$DIR` its folder. */
function fake(t: TestContext, script: string): { readonly path: string; readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'uapid-helper-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'helper');
  writeFileSync(path, `#!/bin/sh\nDIR=${folder}\n${script}\n`, { mode: 0o755 });
  return { path, folder };
}

function open(path: string, limitMs = 30_000) {
  const problems: string[] = [];
  const helper = openPasswordHelper({ path, limitMs, onProblem: (text) => problems.push(text) });
  return { ...helper, problems };
}

test('name and password go in two lines of standard input, and nothing of them anywhere else', async (t) => {
  const { path, folder } = fake(
    t,
    'cat > $DIR/input; tr "\\0" "\\n" < /proc/$$/environ > $DIR/environ; tr "\\0" "\\n" < /proc/$$/cmdline > $DIR/args',
  );
  const { verify, problems } = open(path);
  assert.equal(await verify('alice', 's€cret word'), true);
  assert.equal(readFileSync(join(folder, 'input'), 'utf8'), 'alice\ns€cret word\n');
  assert.deepEqual(readFileSync(join(folder, 'args'), 'utf8').trim().split('\n'), [
    '/bin/sh',
    path,
  ]);
  assert.doesNotMatch(readFileSync(join(folder, 'environ'), 'utf8'), /cret|alice/);
  assert.deepEqual(problems, []);
});

test('a refusal by the helper is no and no problem', async (t) => {
  const { verify, problems } = open(fake(t, 'read name; exit 1').path);
  assert.equal(await verify('alice', 'x'), false);
  assert.deepEqual(problems, []);
});

test('one that crashes, is not there or says that it is installed wrongly is no, and a problem that is told once', async (t) => {
  for (const [script, said] of [
    ['kill -SEGV $$', 'was ended by SIGSEGV'],
    ['exit 50', 'ends with code 50 (pwauth(8))'],
  ] as const) {
    const { path } = fake(t, script);
    const { verify, problems } = open(path);
    assert.equal(await verify('alice', 'x'), false);
    assert.equal(await verify('alice', 'x'), false);
    assert.deepEqual(problems, [`passwords of system users cannot be checked: ${path} ${said}`]);
  }
  const gone = open('/nowhere/pwauth');
  assert.equal(await gone.verify('alice', 'x'), false);
  assert.equal(gone.problems.length, 1);
});

test('one that hangs is no in the end, and is ended with all that it has started', async (t) => {
  const { path, folder } = fake(t, 'sleep 1000 & echo $! > $DIR/child; wait');
  const { verify, problems } = open(path, 500);
  const answer = verify('alice', 'x');
  const pid = Number(
    await until(() => readFileSync(join(folder, 'child'), 'utf8').trim(), { what: 'it runs' }),
  );
  assert.equal(await answer, false);
  assert.match(problems[0] ?? '', /has not answered within 0\.5 seconds$/);
  await until(() => !isAlive(pid), { what: 'what it has started ends' });
});

test('stopping ends those that run', async (t) => {
  const { path, folder } = fake(t, 'echo $$ > $DIR/pid; exec sleep 1000');
  const { verify, stop } = open(path);
  const answer = verify('alice', 'x');
  await until(() => readFileSync(join(folder, 'pid'), 'utf8').trim(), { what: 'it runs' });
  stop();
  assert.equal(await answer, false);
});

test('what is no line, is empty or is longer than any password never reaches the helper', async (t) => {
  const { verify, problems } = open(fake(t, 'exit 0').path);
  assert.equal(await verify('alice', 'x'.repeat(256)), true);
  for (const [name, password] of [
    ['alice', ''],
    ['', 'x'],
    ['alice', 'a\nb'],
    ['alice', 'a\0b'],
    ['alice\nroot', 'x'],
    ['alice', 'a\r'],
    ['alice', 'x'.repeat(257)],
    ['alice', 'ä'.repeat(129)],
  ] as const) {
    assert.equal(await verify(name, password), false);
  }
  assert.deepEqual(problems, []);
});

test('no more than sixteen run at a time', async (t) => {
  const { path } = fake(t, 'exec sleep 1000');
  const { verify, stop, problems } = open(path);
  const sixteen = Array.from({ length: 16 }, () => verify('alice', 'x'));
  assert.equal(await verify('alice', 'x'), false);
  assert.match(problems[0] ?? '', /runs 16 times already$/);
  stop();
  assert.deepEqual(new Set(await Promise.all(sixteen)), new Set([false]));
});

test('a start says what is wrong with the helper, and what to install', async (t) => {
  const faultOf = (path: string) =>
    requirePasswordHelper(path).then(
      () => null,
      (error: Error) => error.message,
    );
  const advice = 'Debian’s package pwauth has it; --password-helper names another place.';
  const say = (path: string, what: string) =>
    `passwords of system users cannot be checked: ${path} ${what}. ${advice}`;
  assert.equal(await faultOf('/nowhere/pwauth'), say('/nowhere/pwauth', 'is not there'));
  assert.equal(await faultOf('/'), say('/', 'is no program'));
  const yes = fake(t, 'exit 0').path;
  assert.equal(await faultOf(yes), say(yes, 'lets in a user that cannot be'));
  const misplaced = fake(t, 'exit 51').path;
  assert.equal(await faultOf(misplaced), say(misplaced, 'ends with code 51 (pwauth(8))'));
  const open = fake(t, 'exit 1').path;
  assert.equal(await faultOf(open), null);
  chmodSync(open, 0o777);
  assert.equal(await faultOf(open), say(open, 'is not root’s alone to change'));
  chmodSync(open, 0o755);
  chmodSync(dirname(open), 0o777);
  const elsewhere = 'lies behind a link, or where others than root can replace it';
  assert.equal(await faultOf(open), say(open, elsewhere));
});
