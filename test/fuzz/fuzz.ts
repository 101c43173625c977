import { inspect } from 'node:util';
import { type Options, readOptions, usage } from './options.ts';
import { FuzzFailure, type Run, runTarget } from './run-target.ts';
import { targets } from './targets/index.ts';
import { startWatchdog } from './watchdog.ts';

/** `fuzz.js [--minutes N] [--seed N] [--from N] [--only NAME,…]`: 0 when everything held, else 1. */
async function main(args: string[]): Promise<number> {
  const names = targets.map(({ name }) => name);
  const options = readOptions(args, names);
  if (options === undefined) {
    process.stderr.write(usage(names));
    return 2;
  }
  const { seed, only } = options;
  process.stdout.write(`seed ${seed}\n`);
  const watchdog = startWatchdog(names, seed);
  const runs: Run[] = [];
  let failures = 0;
  for (const [number, target] of targets.entries()) {
    if (!only.includes(target.name)) continue;
    try {
      const run = await runTarget(target, {
        seed,
        from: options.from,
        isOver: overFor(options, target.inputs),
        onInput: (index) => watchdog.note(number, index),
      });
      runs.push(run);
      process.stdout.write(`${line(target.name, run)}\n`);
    } catch (error) {
      if (!(error instanceof FuzzFailure)) throw error;
      failures += 1;
      process.stdout.write(`${target.name.padEnd(20)} FAILED: ${error.message}\n`);
      process.stdout.write(`${inspect(error.cause)}\n`);
    }
  }
  await watchdog.stop();
  process.stdout.write(`${line('all', sum(runs))}\n`);
  return failures === 0 ? 0 : 1;
}

/** The targets share the time equally, or have their usual number of inputs each. */
function overFor({ minutes, only }: Options, usual: number) {
  if (minutes === null) return (inputs: number) => inputs >= usual;
  const share = (minutes * 60) / only.length;
  return (_inputs: number, seconds: number) => seconds >= share;
}

function sum(runs: readonly Run[]): Run {
  const of = (key: keyof Run) => runs.reduce((total, run) => total + run[key], 0);
  return { inputs: of('inputs'), seconds: of('seconds') };
}

function line(name: string, { inputs, seconds }: Run): string {
  const rate = Math.round(inputs / Math.max(seconds, 0.001));
  const columns = [`${inputs} inputs`, `${seconds.toFixed(1)} s`, `${rate} inputs/s`];
  return name.padEnd(20) + columns.map((text) => text.padStart(17)).join('');
}

process.exitCode = await main(process.argv.slice(2));
