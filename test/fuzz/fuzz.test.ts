import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isWholeRun } from '../support/extent.ts';
import { readOptions } from './options.ts';
import { FuzzFailure, runTarget } from './run-target.ts';
import { pureTarget, type Target } from './target.ts';
import { targets } from './targets/index.ts';

const program = fileURLToPath(new URL('fuzz.js', import.meta.url));

/** Always the same inputs, of which the first find most; `npm run fuzz` tries others at every run. */
function countFor({ inputs }: Target): number {
  const isQuick = inputs > 20_000;
  if (isWholeRun) return isQuick ? 5000 : 1000;
  return isQuick ? 1500 : 300;
}

for (const target of targets) {
  const inputs = Math.min(target.inputs, countFor(target));
  test(`${inputs} spoilt inputs for ${target.name} end as they should`, async () => {
    await runTarget(target, { seed: 1, isOver: (tried) => tried >= inputs });
  });
}

test('together the targets have more than a million inputs', () => {
  assert.ok(targets.reduce((sum, { inputs }) => sum + inputs, 0) > 1_000_000);
});

/** Breaks on one input in a thousand. */
const breaking = pureTarget(
  'breaking',
  10,
  (random) => random.below(1000),
  (input) => assert.notEqual(input, 7),
);

test('a failure says how to have its input again, and then it is the same', async () => {
  const run = (seed: number, from: number) =>
    runTarget(breaking, { seed, from, isOver: (inputs) => inputs >= 100_000 });
  const first: FuzzFailure = await run(5, 0).then(
    () => assert.fail(),
    (error) => error,
  );
  assert.ok(first instanceof FuzzFailure);
  const [, from] = /^--only breaking --seed 5 --from (\d+): 7$/.exec(first.message) ?? [];
  const again: FuzzFailure = await run(5, Number(from)).then(
    () => assert.fail(),
    (error) => error,
  );
  assert.equal(again.message, first.message);
});

test('an input that takes too long of the processor is a failure', async () => {
  const slow = pureTarget(
    'slow',
    1,
    () => 0,
    () => {
      const begun = process.cpuUsage().user;
      let sum = 0;
      while (process.cpuUsage().user - begun < 2_100_000) {
        for (let number = 0; number < 1_000_000; number += 1) sum += number;
      }
      assert.ok(sum > 0);
    },
  );
  await assert.rejects(runTarget(slow, { seed: 1, isOver: (inputs) => inputs > 1 }), FuzzFailure);
});

test('an input that never ends is named, and ends the program', () => {
  const watchdog = new URL('watchdog.js', import.meta.url).href;
  const hanging = `
    import { startWatchdog } from ${JSON.stringify(watchdog)};
    startWatchdog(['first', 'second'], 5, 1000).note(1, 42);
    for (;;);`;
  const args = ['--input-type=module', '--eval', hanging];
  const { signal, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 120_000,
  });
  assert.equal(signal, 'SIGKILL');
  assert.equal(stderr, 'an input hangs: --only second --seed 5 --from 42\n');
});

test('the program prints its seed and a rate for each target, and refuses what it does not know', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', timeout: 60_000 });
  const { status, stdout } = run('--only', 'titles,roles', '--seed', '7', '--minutes', '0.01');
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^seed 7\ntitles .* inputs\/s\nroles .* inputs\/s\nall .* inputs\/s\n$/);
  const names = targets.map(({ name }) => name);
  for (const args of [['--only', 'nothing'], ['--minutes', '0'], ['--seed', 'x'], ['1']]) {
    assert.equal(readOptions(args, names), undefined, args.join(' '));
  }
  const wrong = run('1');
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /^Usage: npm run fuzz /);
});
