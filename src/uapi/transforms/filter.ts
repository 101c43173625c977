import { ApiError } from '../api-error.ts';
import { type Work, workOfOneCall } from './expression.ts';
import { matchTypes } from './match-types.ts';
import { type Family, type ParameterKey, readKeys } from './read-parameters.ts';
import { columnValue, type Row, type Transform } from './row.ts';

const family: Family = {
  name: 'filter',
  parts: [
    { account: 'column', administrator: 'field' },
    { account: 'type', administrator: 'type' },
    { account: 'term', administrator: 'arg0' },
  ],
};

/**
 * Keeps the rows for which all filters hold. With at least one filter the metadata says how many
 * rows there were before: `records_before_filter` and `filter.records_before_filter`, and for the
 * administrator's grammar `filter.filtered`, where its clients look.
 */
export const filter: Transform = (rows, args) => {
  const work = workOfOneCall();
  const keys = readKeys(args, family).filter(hasColumn);
  if (keys.length === 0) return { rows, metadata: {} };
  const filters = keys.map((key) => readFilter(key, work));
  const before = rows.length;
  const filtered = keys.some((key) => key.administrator) ? { filtered: before } : {};
  return {
    rows: rows.filter((row) => filters.every((keeps) => keeps(row))),
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

/** A missing term is an empty one: `eq` then keeps the empty values, `contains` all defined ones. */
function readFilter(key: ParameterKey, work: Work): (row: Row) => boolean {
  const type = matchTypes.get(key.value('type') || 'contains');
  if (type === undefined) {
    throw new ApiError(
      `${key.parameter('type')} must be one of ${[...matchTypes.keys()].join(', ')}.`,
    );
  }
  const keeps = type({ text: key.value('term'), parameter: key.parameter('term'), work });
  const column = key.value('column');
  if (key.administrator && column === '*') return (row) => anyColumn(row, keeps);
  return (row) => keeps(columnValue(row, column));
}

/** The administrator's field `*` stands for every column; the row is kept if any of them is. */
function anyColumn(row: Row, keeps: (value: unknown) => boolean): boolean {
  return Object.keys(row).some((column) => keeps(columnValue(row, column)));
}
