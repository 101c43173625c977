import { ApiError } from '../call/api-error.ts';
import { type Keeps, matchTypes, type Term } from './match-types.ts';
import { type Family, type ParameterKey, readKeys } from './read-parameters.ts';
import { columnValue, type Row, type Transform } from './row.ts';
import { countWork, isPauseDue, type Steps, type Work } from './work.ts';

const family: Family = {
  name: 'filter',
  parts: [
    { account: 'column', administrator: 'field' },
    { account: 'type', administrator: 'type' },
    { account: 'term', administrator: 'arg0' },
  ],
};

interface Filter {
  /** Null stands for every column. */
  readonly column: string | null;
  readonly keeps: Keeps;
}

/** What a comparison costs beside an expression: to look a value up, and to read its characters. */
const workOfValue = 10;

/**
 * Keeps the rows for which all filters hold. With at least one filter the metadata says how many
 * rows there were before: `records_before_filter` and `filter.records_before_filter`, and for the
 * administrator's grammar `filter.filtered`, where its clients look.
 */
export const filter: Transform = function* (rows, args, work) {
  const keys = readKeys(args, family).filter(hasColumn);
  if (keys.length === 0) return { rows, metadata: {} };
  const filters = yield* readFilters(keys, work);
  const kept: Row[] = [];
  for (const row of rows) {
    if (yield* keepsRow(row, filters, work)) kept.push(row);
  }
  const before = rows.length;
  const filtered = keys.some((key) => key.administrator) ? { filtered: before } : {};
  return {
    rows: kept,
    metadata: {
      records_before_filter: before,
      filter: { records_before_filter: before, ...filtered },
    },
  };
};

/**
 * Forms send all their fields, so a key without a column is no filter. With a term it is an error:
 * the caller would take the whole list for the filtered one.
 */
function hasColumn(key: ParameterKey): boolean {
  if (key.value('column') !== '') return true;
  if (key.value('term') === '') return false;
  throw new ApiError(`${key.parameter('column')} is missing: ${key.parameter('term')} needs it.`);
}

/** A filter that comes again keeps the same rows. */
function* readFilters(keys: readonly ParameterKey[], work: Work): Steps<Filter[]> {
  const filters = new Map<string, Filter>();
  for (const key of keys) {
    const [given, text] = [key.value('column'), key.value('term')];
    const column = key.administrator && given === '*' ? null : given;
    const type = key.value('type') || 'contains';
    const same = JSON.stringify([column, type, text]);
    if (filters.has(same)) continue;
    const keeps = readKeeps(key, type, { text, parameter: key.parameter('term'), work });
    filters.set(same, { column, keeps });
    countWork(work, text.length);
    if (isPauseDue(work)) yield;
  }
  return [...filters.values()];
}

/** A missing term is an empty one: `eq` then keeps the empty values, `contains` all defined ones. */
function readKeeps(key: ParameterKey, type: string, term: Term): Keeps {
  const matchType = matchTypes.get(type);
  if (matchType !== undefined) return matchType(term);
  throw new ApiError(
    `${key.parameter('type')} must be one of ${[...matchTypes.keys()].join(', ')}.`,
  );
}

function* keepsRow(row: Row, filters: readonly Filter[], work: Work): Steps<boolean> {
  for (const { column, keeps } of filters) {
    let isKept = false;
    for (const name of column === null ? Object.keys(row) : [column]) {
      const value = columnValue(row, name);
      isKept = keeps(value);
      countWork(work, workOfValue + (typeof value === 'string' ? value.length : 0) / 8);
      if (isPauseDue(work)) yield;
      if (isKept) break;
    }
    if (!isKept) return false;
  }
  return true;
}
