import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { apply } from './apply.ts';

test('a list without parameters comes back as it is, with metadata.transformed 1', () => {
  const rows = [{ pid: 1 }, { pid: 2 }];
  const ignored = 'user=ann&api.version=1&api.analytics=1&cpanel_jsonapi_version=3';
  for (const parameters of ['', ignored]) {
    assert.deepEqual(apply(rows, parameters), { rows, metadata: { transformed: 1 } });
  }
});

test('the work is in the order filter, sort, paginate, columns, in both grammars', () => {
  const rows = [
    { pid: 1, user: 'ann', status: 'DL' },
    { pid: 2, user: 'cid', status: 'DL' },
    { pid: 3, user: 'bob', status: 'UL' },
    { pid: 4, user: 'bob', status: 'DL' },
  ];
  const paginate = {
    total_pages: 2,
    total_results: 3,
    current_page: 1,
    results_per_page: 2,
    start_result: 1,
  };
  const account =
    'api.columns=1&api.columns_0=pid&api.paginate=1&api.paginate_size=2&api.sort_column=user' +
    '&api.sort_reverse=1&api.filter_column=status&api.filter_type=eq&api.filter_term=DL';
  assert.deepEqual(apply(rows, account), {
    rows: [{ pid: 2 }, { pid: 4 }],
    metadata: {
      transformed: 1,
      records_before_filter: 4,
      filter: { records_before_filter: 4 },
      paginate,
    },
  });
  const administrator =
    'api.columns.enable=1&api.columns.a=pid&api.chunk.enable=1&api.chunk.size=2&api.sort.enable=1' +
    '&api.sort.a.field=user&api.sort.a.reverse=1&api.filter.enable=1&api.filter.a.field=status' +
    '&api.filter.a.type=eq&api.filter.a.arg0=DL';
  assert.deepEqual(apply(rows, administrator), {
    rows: [{ pid: 2 }, { pid: 4 }],
    metadata: {
      transformed: 1,
      records_before_filter: 4,
      filter: { records_before_filter: 4, filtered: 4 },
      paginate,
      chunk: { start: 1, size: 2, current: 1, chunks: 2, records: 3 },
    },
  });
});

test('the rows given are left as they are', () => {
  const rows = Object.freeze([Object.freeze({ n: 2 }), Object.freeze({ n: 1 })]);
  const { rows: sorted } = apply(rows, 'api.sort_column=n');
  sorted.pop();
  apply(rows, '').rows.pop();
  assert.deepEqual(rows, [{ n: 2 }, { n: 1 }]);
});

/** Random requests over few values, so that rows are often equal and filters often hold. */
const name = fc.constantFrom('', 'a', 'A', 'b', 'ab', '10', '9', '0', '-1', '9.0');
const row = fc.record(
  { n: fc.integer({ min: -2, max: 12 }), name, maybe: fc.option(name) },
  { requiredKeys: ['n', 'name'] },
);
const column = fc.constantFrom('n', 'name', 'maybe', 'nowhere');
const filter = fc.oneof(
  fc.tuple(column, fc.constantFrom('contains', 'begins', 'ends', 'eq', 'ne'), name),
  fc.tuple(column, fc.constantFrom('lt', 'gt'), fc.constantFrom('-1', '0', '9', '9.5')),
  fc.tuple(column, fc.constantFrom('defined', 'undefined'), fc.constant('')),
);
const key = fc.tuple(column, fc.constantFrom('lexicographic', 'numeric'), fc.boolean());
const request = fc.record({
  filters: fc.array(filter, { maxLength: 3 }),
  keys: fc.array(key, { maxLength: 3 }),
  start: fc.integer({ min: 1, max: 12 }),
  size: fc.integer({ min: 1, max: 12 }),
  page: fc.integer({ min: 1, max: 3 }),
  wanted: fc.array(column, { minLength: 1, maxLength: 3 }),
});
type Plain = Record<string, unknown>;
type Request = typeof request extends fc.Arbitrary<infer R> ? R : never;

/** Texts that Number() takes for numbers and that are not empty: all that `name` has of them. */
function number(value: unknown): number {
  return value === '' || value === null || value === undefined ? Number.NaN : Number(value);
}

function holds(value: unknown, type: string, term: string): boolean {
  const missing = value === null || value === undefined;
  const text = missing ? '\0' : String(value).toLowerCase();
  const same = !missing && (number(value) === number(term) || String(value) === term);
  switch (type) {
    case 'eq':
      return same;
    case 'ne':
      return !same;
    case 'lt':
      return number(value) < number(term);
    case 'gt':
      return number(value) > number(term);
    case 'defined':
      return !missing;
    case 'undefined':
      return missing;
    default: {
      const place =
        type === 'begins' ? text.startsWith(term.toLowerCase()) : text.includes(term.toLowerCase());
      return !missing && (type === 'ends' ? text.endsWith(term.toLowerCase()) : place);
    }
  }
}

function comparePlain(a: Plain, b: Plain, keys: Request['keys']): number {
  for (const [of, method, reverse] of keys) {
    const numeric = method === 'numeric';
    const [x, y] = [a[of], b[of]].map((value) => (numeric ? number(value) : value));
    const [noX, noY] = [x, y].map(
      (value) => value === undefined || value === null || Number.isNaN(value),
    );
    if (noX && noY) continue;
    if (noX !== noY) return noX ? 1 : -1;
    const order = numeric
      ? Number(x) - Number(y)
      : String(x) < String(y)
        ? -1
        : Number(String(x) > String(y));
    if (order !== 0) return reverse ? -order : order;
  }
  return 0;
}

function plainly(rows: Plain[], asked: Request): Plain[] {
  const { filters, keys, start, size, page, wanted } = asked;
  const first = start + (page - 1) * size;
  return rows
    .filter((candidate) => filters.every(([of, type, term]) => holds(candidate[of], type, term)))
    .sort((a, b) => comparePlain(a, b, keys))
    .filter((_, index) => index + 1 >= first && index + 1 < first + size)
    .map((kept) =>
      Object.fromEntries(Object.entries(kept).filter(([of]) => wanted.some((name) => name === of))),
    );
}

function accountGrammar({ filters, keys, start, size, page, wanted }: Request) {
  return Object.fromEntries([
    ...filters.flatMap(([of, type, term], i) => [
      [`api.filter_column_${i}`, of],
      [`api.filter_type_${i}`, type],
      [`api.filter_term_${i}`, term],
    ]),
    ...keys.flatMap(([of, method, reverse], i) => [
      [`api.sort_column_${i}`, of],
      [`api.sort_method_${i}`, method],
      [`api.sort_reverse_${i}`, reverse ? '1' : '0'],
    ]),
    ['api.paginate_start', String(start)],
    ['api.paginate_size', String(size)],
    ['api.paginate_page', String(page)],
    ...wanted.map((of, i) => [`api.columns_${i}`, of]),
  ]);
}

function administratorGrammar({ filters, keys, start, size, page, wanted }: Request) {
  const letter = (i: number) => 'abc'.charAt(i);
  return Object.fromEntries([
    ['api.filter.enable', '1'],
    ...filters.flatMap(([of, type, term], i) => [
      [`api.filter.${letter(i)}.field`, of],
      [`api.filter.${letter(i)}.type`, type],
      [`api.filter.${letter(i)}.arg0`, term],
    ]),
    ['api.sort.enable', '1'],
    ...keys.flatMap(([of, method, reverse], i) => [
      [`api.sort.${letter(i)}.field`, of],
      [`api.sort.${letter(i)}.method`, method],
      [`api.sort.${letter(i)}.reverse`, reverse ? '1' : '0'],
    ]),
    ['api.chunk.enable', '1'],
    ['api.chunk.start', String(start + (page - 1) * size)],
    ['api.chunk.size', String(size)],
    ['api.columns.enable', '1'],
    ...wanted.map((of, i) => [`api.columns.${letter(i)}`, of]),
  ]);
}

test('the result is that of filtering, sorting, cutting and picking plainly, in either grammar', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 40 }), request, (rows, asked) => {
      const expected = plainly(rows, asked);
      assert.deepEqual(apply(rows, accountGrammar(asked)).rows, expected);
      assert.deepEqual(apply(rows, administratorGrammar(asked)).rows, expected);
    }),
    { numRuns: 1000 },
  );
});
