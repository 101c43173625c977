import type { Random } from './random.ts';

/** Something that parses foreign bytes, and what must hold of it for any. */
export interface Target {
  readonly name: string;
  /** So many inputs in a run of the default length; the slower the target the fewer. */
  readonly inputs: number;
  open(): Promise<OpenTarget>;
}

export interface OpenTarget {
  /** Makes an input by these choices. */
  next(random: Random): Trial;
  /** Frees what was opened. */
  close?(): Promise<void> | void;
}

/** One input, and its test, which throws or rejects when something does not hold. */
export interface Trial {
  /** To be shown when it fails. */
  readonly input: unknown;
  check(): Promise<void> | void;
}

/** A target that is a function without state. */
export function pureTarget<Input>(
  name: string,
  inputs: number,
  make: (random: Random) => Input,
  check: (input: Input) => void,
): Target {
  return {
    name,
    inputs,
    open: async () => ({
      next: (random) => {
        const input = make(random);
        return { input, check: () => check(input) };
      },
    }),
  };
}
