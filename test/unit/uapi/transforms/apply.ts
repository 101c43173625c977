import assert from 'node:assert/strict';
import { ApiError } from '../../../../src/uapi/call/api-error.ts';
import { type Row, type Steps, transform } from '../../../../src/uapi/transforms/index.ts';

/** Parameters as a query, or as an object where a value needs characters that a query encodes. */
export type Parameters = string | Readonly<Record<string, string>>;

export function apply(rows: readonly Row[], parameters: Parameters) {
  return inOneGo(transform(rows, new Map(new URLSearchParams(parameters))));
}

/** Runs steps to their end without a pause. */
export function inOneGo<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The values of one column after the transforms. */
export function pick(rows: readonly Row[], column: string, parameters: Parameters): unknown[] {
  return apply(rows, parameters).rows.map((row) => row[column]);
}

/** Expects an error for the caller whose text matches. */
export function refuses(rows: readonly Row[], parameters: Parameters, text: RegExp | string): void {
  assert.throws(
    () => apply(rows, parameters),
    (error) => {
      assert.ok(error instanceof ApiError, String(error));
      if (typeof text === 'string') assert.equal(error.message, text);
      else assert.match(error.message, text);
      return true;
    },
  );
}
