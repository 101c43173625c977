import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fullSizes, quickSizes, type Sizes } from './sizes.ts';

export interface Options {
  readonly sizes: Sizes;
  /** Names of measures. */
  readonly only: readonly string[];
  /** The file that the table is written to; null for none. */
  readonly results: string | null;
}

export const usage = (names: readonly string[]) =>
  `Usage: npm run bench -- [--only NAME,…] [--quick] [--long | --minutes N] [--results FILE]

  --only      some of: ${names.join(', ')}
  --quick     small sizes, to see that everything works; the numbers mean nothing
  --minutes   how long memory is watched; 1 unless given, --long for 10
  --results   where the table is written; test/bench/RESULTS.md unless given, and nowhere when
              only a part is measured or --quick is given
`;

/** Beside the source of this file; dist/test/bench is where it runs. */
const defaultResults = fileURLToPath(new URL('../../../test/bench/RESULTS.md', import.meta.url));

/** Reads the arguments; undefined when they are wrong. */
export function readOptions(args: string[], names: readonly string[]): Options | undefined {
  const values = parse(args);
  if (values === undefined) {
    return undefined;
  }
  const { quick = false, long = false } = values;
  const minutes = Number(values.minutes ?? (long ? 10 : 1));
  const only = values.only?.split(',') ?? names;
  const isWrong = !(minutes > 0) || (long && values.minutes !== undefined);
  if (isWrong || only.some((name) => !names.includes(name))) {
    return undefined;
  }
  const isWhole = !quick && values.only === undefined;
  return {
    sizes: quick ? quickSizes : fullSizes(minutes),
    only,
    results: values.results ?? (isWhole ? defaultResults : null),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        only: { type: 'string' },
        quick: { type: 'boolean' },
        long: { type: 'boolean' },
        minutes: { type: 'string' },
        results: { type: 'string' },
      },
    }).values;
  } catch {
    return undefined;
  }
}
