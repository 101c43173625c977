import type { Arguments } from '../call/arguments.ts';
import { columns } from './columns.ts';
import { filter } from './filter.ts';
import { paginate } from './paginate.ts';
import type { Row, Transform } from './row.ts';
import { sort } from './sort.ts';
import { createWork, type Steps } from './work.ts';

export type { Row } from './row.ts';
export type { Steps } from './work.ts';

/** In cPanel's order of work: a filter sees every column, a page is cut from the sorted list. */
const steps: readonly Transform[] = [filter, sort, paginate, columns];

/**
 * Applies the parameters that every list function takes, in the account's grammar
 * (`api.filter_column_0`) and the administrator's (`api.filter.a.field`). Leaves `rows` and its
 * objects as they are. The metadata always has `transformed: 1`, and `paginate`, `filter`,
 * `records_before_filter` and `chunk` when they apply.
 * Throws ApiError, which names the parameter, for a wrong one.
 */
export function* transform(
  rows: readonly Row[],
  args: Arguments,
): Steps<{ rows: Row[]; metadata: Record<string, unknown> }> {
  const work = createWork();
  let current = rows;
  const metadata: Record<string, unknown> = { transformed: 1 };
  for (const step of steps) {
    const result = yield* step(current, args, work);
    current = result.rows;
    Object.assign(metadata, result.metadata);
  }
  return { rows: [...current], metadata };
}
