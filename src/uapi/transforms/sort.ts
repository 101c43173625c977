import { ApiError } from '../api-error.ts';
import { type Family, type ParameterKey, readKeys, readSwitch } from './read-parameters.ts';
import { columnValue, type Row, type Transform } from './row.ts';
import { type Rank, sortMethods } from './sort-methods.ts';

const family: Family = {
  name: 'sort',
  parts: [
    { account: 'column', administrator: 'field' },
    { account: 'method', administrator: 'method' },
    { account: 'reverse', administrator: 'reverse' },
  ],
};

interface SortKey {
  readonly rankOf: (row: Row) => Rank | undefined;
  readonly reverse: boolean;
}

/**
 * Sorts by the first key, rows that it holds equal by the next, and so on; rows that are equal in
 * all keys keep their order, in reverse too. A key without a column is no key.
 */
export const sort: Transform = (rows, args) => {
  const keys = readKeys(args, family)
    .filter((key) => key.value('column') !== '')
    .map(readSortKey);
  if (keys.length === 0) return { rows, metadata: {} };
  const ranked = rows.map((row) => ({ row, ranks: keys.map((key) => key.rankOf(row)) }));
  ranked.sort((a, b) => compareRanks(a.ranks, b.ranks, keys));
  return { rows: ranked.map(({ row }) => row), metadata: {} };
};

function readSortKey(key: ParameterKey): SortKey {
  const method = sortMethods.get(key.value('method') || 'lexicographic');
  if (method === undefined) {
    throw new ApiError(
      `${key.parameter('method')} must be one of lexicographic, numeric, numeric_zero_as_max, ipv4.`,
    );
  }
  const column = key.value('column');
  return {
    rankOf: (row) => method(columnValue(row, column)),
    reverse: readSwitch(key.args, key.parameter('reverse')) ?? false,
  };
}

type Ranks = readonly (Rank | undefined)[];

/** What has no rank (missing, or no number, or no address) comes last in either direction. */
function compareRanks(a: Ranks, b: Ranks, keys: readonly SortKey[]): number {
  for (const [index, { reverse }] of keys.entries()) {
    const left = a[index];
    const right = b[index];
    if (left === right) continue;
    if (left === undefined) return 1;
    if (right === undefined) return -1;
    return left < right !== reverse ? -1 : 1;
  }
  return 0;
}
