import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { processStat } from './processes.ts';
import { runFile } from './run-file.ts';
import { fileBlock, summary } from './summary.ts';
import { until } from './until.ts';

const folder = mkdtempSync(join(tmpdir(), 'run-file-'));
after(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;
let written = 0;

/** Runs a test file with this text. */
function runText(text: string, signal = never) {
  const file = join(folder, `${written++}.test.mjs`);
  writeFileSync(file, `import { describe, test } from 'node:test';\n${text}`);
  return runFile(file, { sandbox: false, signal });
}

test('tests that pass are counted, with the time that they and their processes took', async () => {
  const result = await runText(`
    import { execFileSync } from 'node:child_process';
    const burn = 'const end = process.cpuUsage().user + 3e5; while (process.cpuUsage().user < end);';
    describe('some', () => {
      test('one', () => { execFileSync(process.execPath, ['-e', burn]); });
      test('two', { skip: true }, () => {});
    });
    console.log('said');`);
  assert.equal(result.passed, true, result.output);
  const { tests, suites, pass, skipped } = result.counts;
  assert.deepEqual({ tests, suites, pass, skipped }, { tests: 2, suites: 1, pass: 1, skipped: 1 });
  assert.ok(result.cpuSeconds >= 0.3, `${result.cpuSeconds} s`);
  assert.match(result.output, /said/);
  assert.match(summary([result], 1), /^ℹ tests 2\nℹ suites 1\nℹ pass 1\nℹ fail 0$/m);
  assert.doesNotMatch(fileBlock(result, false), /said/);
  assert.match(fileBlock(result, true), /said/);
});

for (const [name, text, why] of [
  ['a test that fails', `test('wrong', () => { throw new Error('bad'); });`, /wrong[\s\S]*bad/],
  [
    'a hook that fails',
    `import { after } from 'node:test'; test('a', () => {}); after(() => { throw new Error('late'); });`,
    /late|ended with 1/,
  ],
  ['a file that does not load', 'throw new Error("broken");', /ended with 1|broken/],
  ['a file without a test', '', /ended without a test/],
  ['a file that ends early', `test('a', () => process.exit(0));`, /ended without a test/],
  [
    'a test that never ends',
    `test('a', () => new Promise(() => {}));`,
    /Promise|pending|ended with/,
  ],
  [
    'a file that a signal ends',
    `test('a', () => process.kill(process.pid, 'SIGKILL'));`,
    /ended with 137/,
  ],
] as const) {
  test(`${name} is a failure, and the summary tells of it again`, async () => {
    const result = await runText(text);
    assert.equal(result.passed, false);
    assert.match(result.failures, why);
    const end = summary([result], 1);
    assert.match(end, why);
    assert.doesNotMatch(end, /^ℹ fail 0\nℹ cancelled 0$/m);
  });
}

test('what a file leaves running ends with it, also when the file is interrupted', async () => {
  const marker = join(folder, 'marker');
  const sleeper = (end: string) => `
    import { spawn } from 'node:child_process';
    import { writeFileSync } from 'node:fs';
    test('a', async () => {
      const { pid } = spawn('sleep', ['1000'], { stdio: 'ignore' });
      console.log('pid', pid);
      writeFileSync('${marker}', '');
      ${end}
    });`;
  const goes = (output: string) => {
    const pid = Number(/pid (\d+)/.exec(output)?.[1]);
    const state = () => processStat(pid)?.state ?? 'gone';
    return until(() => ['gone', 'Z'].includes(state()), { what: 'it is gone' });
  };
  const left = await runText(sleeper('setTimeout(() => process.exit(0), 50);'));
  await goes(left.output);
  rmSync(marker);
  const interruption = new AbortController();
  const cut = runText(
    sleeper('await new Promise((resolve) => setTimeout(resolve, 100_000));'),
    interruption.signal,
  );
  await until(() => existsSync(marker), { what: 'the test runs', timeoutMs: 60_000 });
  interruption.abort();
  const result = await cut;
  assert.match(result.failures, /was interrupted/);
  await goes(result.output);
});
