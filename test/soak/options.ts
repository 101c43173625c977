import { parseArgs } from 'node:util';

export const usage =
  'Usage: npm run soak -- [--fleet [--seed N]] [--seconds N] [--clients N], N from 1 to 86400 or 5000\n';
const defaultSeconds = 300;
const defaultClients = { host: 240, fleet: 20 };
export interface Options {
  readonly seconds: number;
  /** At each host. */
  readonly clients: number;
  readonly seed: number | null;
  readonly isFleet: boolean;
}

/** Reads the arguments; undefined when they are wrong. */
export function readOptions(args: string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args,
      options: {
        seconds: { type: 'string' },
        clients: { type: 'string' },
        fleet: { type: 'boolean', default: false },
        seed: { type: 'string' },
      },
    });
    const { fleet: isFleet } = values;
    const seconds = Number(values.seconds ?? defaultSeconds);
    const clients = Number(values.clients ?? defaultClients[isFleet ? 'fleet' : 'host']);
    const seed = values.seed === undefined ? null : Number(values.seed);
    const isRight =
      seconds >= 1 &&
      seconds <= 86_400 &&
      Number.isInteger(clients) &&
      clients >= 1 &&
      clients <= 5_000 &&
      (seed === null || (isFleet && Number.isSafeInteger(seed)));
    return isRight ? { seconds, clients, seed, isFleet } : undefined;
  } catch {
    return undefined;
  }
}
