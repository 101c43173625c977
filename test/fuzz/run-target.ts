import { inspect } from 'node:util';
import { createRandom, seedOf } from './random.ts';
import type { Target, Trial } from './target.ts';

/** More than any input may take of the processor, in milliseconds. */
const maxMs = 2000;

export interface Run {
  readonly inputs: number;
  readonly seconds: number;
}

export interface RunOptions {
  readonly seed: number;
  /** The number of the first input. */
  readonly from?: number;
  /** Ends the run; asked before each input. */
  readonly isOver: (inputs: number, seconds: number) => boolean;
  /** Told of each input before it is tried. */
  readonly onInput?: (index: number) => void;
}

/** An input for which something did not hold. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';
}

/** Tries one input after another; rejects with FuzzFailure, which tells how to have it again. */
export async function runTarget(target: Target, options: RunOptions): Promise<Run> {
  const { seed, from = 0, isOver, onInput } = options;
  const open = await target.open();
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  let inputs = 0;
  try {
    for (; !isOver(inputs, seconds()); inputs += 1) {
      const index = from + inputs;
      onInput?.(index);
      const trial = open.next(createRandom(seedOf(seed, target.name, index)));
      try {
        await tryOne(trial);
      } catch (error) {
        const again = `--only ${target.name} --seed ${seed} --from ${index}`;
        throw new FuzzFailure(`${again}: ${show(trial.input)}`, { cause: error });
      }
    }
    return { inputs, seconds: seconds() };
  } finally {
    await open.close?.();
  }
}

async function tryOne(trial: Trial): Promise<void> {
  const before = process.cpuUsage();
  const pending = trial.check();
  if (pending !== undefined) await pending;
  const { user, system } = process.cpuUsage(before);
  const tookMs = (user + system) / 1000;
  if (tookMs > maxMs) throw new Error(`it took ${tookMs.toFixed(0)} ms`);
}

function show(input: unknown): string {
  if (Buffer.isBuffer(input)) return `base64 ${input.toString('base64')}`.slice(0, 4000);
  return inspect(input, { depth: 6, maxStringLength: 2000, breakLength: Infinity });
}
