import { ApiError } from '../call/api-error.ts';
import { type Family, type ParameterKey, readKeys, readSwitch } from './read-parameters.ts';
import { columnValue, type Row, type Transform } from './row.ts';
import { type Rank, sortMethods } from './sort-methods.ts';
import { countWork, isPauseDue, type Steps, type Work } from './work.ts';

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

const workOfRank = 10;
const workOfComparison = 2;

/**
 * Sorts by the first key, rows that it holds equal by the next, and so on; rows that are equal in
 * all keys keep their order, in reverse too. A key without a column is no key.
 */
export const sort: Transform = function* (rows, args, work) {
  const keys = readSortKeys(readKeys(args, family));
  if (keys.length === 0) return { rows, metadata: {} };
  const ranked: Ranked[] = [];
  for (const row of rows) {
    ranked.push({ row, ranks: keys.map((key) => key.rankOf(row)) });
    countWork(work, workOfRank * keys.length);
    if (isPauseDue(work)) yield;
  }
  const sorted = yield* mergeSort(ranked, (a, b) => compareRanks(a.ranks, b.ranks, keys), {
    work,
    workOfComparison: workOfComparison * keys.length,
  });
  return { rows: sorted.map(({ row }) => row), metadata: {} };
};

interface Ranked {
  readonly row: Row;
  readonly ranks: Ranks;
}

/** A key that comes again, in whatever direction, orders nothing that the first has not. */
function readSortKeys(keys: readonly ParameterKey[]): SortKey[] {
  const read = new Map<string, SortKey>();
  for (const key of keys) {
    if (key.value('column') === '') continue;
    const sortKey = readSortKey(key);
    const same = `${key.value('method') || 'lexicographic'} ${key.value('column')}`;
    if (!read.has(same)) read.set(same, sortKey);
  }
  return [...read.values()];
}

/** The language's own sort cannot pause. This one is as stable. */
function* mergeSort<Item>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number,
  { work, workOfComparison }: { work: Work; workOfComparison: number },
): Steps<readonly Item[]> {
  let from = [...items];
  let to = [...items];
  for (let width = 1; width < items.length; width *= 2) {
    for (let start = 0; start < items.length; start += 2 * width) {
      const middle = Math.min(start + width, items.length);
      const end = Math.min(start + 2 * width, items.length);
      let [left, right] = [start, middle];
      for (let at = start; at < end; at += 1) {
        const a = from[left] as Item;
        const b = from[right] as Item;
        const isLeft = right >= end || (left < middle && compare(a, b) <= 0);
        to[at] = isLeft ? a : b;
        if (isLeft) left += 1;
        else right += 1;
        countWork(work, workOfComparison);
        if (isPauseDue(work)) yield;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}

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
