import { parseArgs } from 'node:util';

export interface Options {
  readonly seed: number;
  /** The number of the first input. */
  readonly from: number;
  /** Null for the usual number of inputs. */
  readonly minutes: number | null;
  readonly only: readonly string[];
}

export const usage = (names: readonly string[]) =>
  `Usage: npm run fuzz -- [--minutes N] [--seed N] [--from N] [--only NAME,…]

  --minutes   how long all targets take together; the usual number of inputs unless given
  --seed      which inputs; others at every run unless given
  --from      the number of the first input of each target, to have one again
  --only      some of: ${names.join(', ')}
`;

/** Reads the arguments; undefined when they are wrong. */
export function readOptions(args: string[], names: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values === undefined) return undefined;
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const from = Number(values.from ?? 0);
  const minutes = values.minutes === undefined ? null : Number(values.minutes);
  const only = values.only?.split(',') ?? names;
  const isRight =
    [seed, from].every((number) => Number.isSafeInteger(number) && number >= 0) &&
    (minutes === null || minutes > 0) &&
    only.every((name) => names.includes(name));
  return isRight ? { seed, from, minutes, only } : undefined;
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        minutes: { type: 'string' },
        seed: { type: 'string' },
        from: { type: 'string' },
        only: { type: 'string' },
      },
    }).values;
  } catch {
    return undefined;
  }
}
