import type { FunctionName } from '../envelope/envelope.ts';
import type { UapiFunction } from './define-function.ts';

/** How many calls of a function came to which outcome; whoever makes a call adds to it. */
export interface CallCounts {
  succeeded: number;
  /** Answered with status 0 and a reason that the caller should know. */
  failed: number;
  /** Broken inside. */
  broken: number;
}

export interface FunctionCalls extends FunctionName {
  readonly counts: CallCounts;
}

/** Counts calls by function. There are as many counts as functions, whatever callers ask for. */
export interface CallCounter {
  /** The counts of that function; all that are not known share theirs. */
  of(name: FunctionName): CallCounts;
  /** Every function's, and last those of the unknown under the name "unknown". */
  readonly all: readonly FunctionCalls[];
}

export function createCallCounter(functions: readonly UapiFunction[]): CallCounter {
  const create = (module: string, func: string): FunctionCalls => ({
    module,
    func,
    counts: { succeeded: 0, failed: 0, broken: 0 },
  });
  const unknown = create('unknown', 'unknown');
  const known = functions.map(({ module, name }) => create(module, name));
  const modules = new Map<string, Map<string, CallCounts>>();
  for (const { module, func, counts } of known) {
    modules.set(module, (modules.get(module) ?? new Map()).set(func, counts));
  }
  return {
    of: ({ module, func }) => modules.get(module)?.get(func) ?? unknown.counts,
    all: [...known, unknown],
  };
}
