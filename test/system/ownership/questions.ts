import { matchTypes } from '../../../src/uapi/transforms/match-types.ts';
import type { Row, SteadyRow } from './visits.ts';

/** What a list comes to under some parameters. */
export type ListAnswer =
  | { readonly rows: readonly object[]; readonly metadata: object }
  | { readonly error: string };

/** Parameters of a list function, and what they make of rows, worked out here anew. */
export interface Question {
  readonly params: readonly (readonly [name: string, value: string])[];
  answer(rows: readonly Row[]): ListAnswer;
}

export const columns = ['cmdline', 'file', 'host', 'login', 'pid', 'status', 'user'] as const;

/** No parameter at all. */
export const plainQuestion: Question = {
  params: [],
  answer: (rows) => ({ rows, metadata: { transformed: 1 } }),
};

type Holds = (value: string, term: string) => boolean;

const isNumber = (text: string) => /^\d{1,15}$/.test(text);
const numbers =
  (holds: (value: number, term: number) => boolean): Holds =>
  (value, term) =>
    isNumber(value) && holds(Number(value), Number(term));
const ignoringCase =
  (holds: Holds): Holds =>
  (value, term) =>
    holds(value.toLowerCase(), term.toLowerCase());

const textTypes = new Map<string, Holds>([
  ['eq', (value, term) => value === term],
  ['ne', (value, term) => value !== term],
  ['contains', ignoringCase((value, term) => value.includes(term))],
  ['begins', ignoringCase((value, term) => value.startsWith(term))],
  ['ends', ignoringCase((value, term) => value.endsWith(term))],
  ['matches', (value, term) => new RegExp(term, 'u').test(value)],
  ['defined', () => true],
  ['undefined', () => false],
]);
const numberTypes = new Map<string, Holds>([
  ['==', numbers((value, term) => value === term)],
  ['lt', numbers((value, term) => value < term)],
  ['lt_equal', numbers((value, term) => value <= term)],
  ['lt_handle_unlimited', numbers((value, term) => value < term)],
  ['gt', numbers((value, term) => value > term)],
  ['gt_equal', numbers((value, term) => value >= term)],
  ['gt_handle_unlimited', numbers((value, term) => value > term)],
]);

interface Filter {
  readonly column: string;
  readonly type: string;
  readonly term: string;
}

/** A filter in the account's grammar, or in the administrator's, which knows "*" for any column. */
function filter({ column, type, term }: Filter, grammar: 'account' | 'administrator'): Question {
  const names = {
    account: ['api.filter_column', 'api.filter_type', 'api.filter_term'],
    administrator: ['api.filter.a.field', 'api.filter.a.type', 'api.filter.a.arg0'],
  }[grammar];
  const isNumeric = numberTypes.has(type);
  const holds = (isNumeric ? numberTypes : textTypes).get(type);
  if (holds === undefined) throw new Error(`this test does not know the filter type ${type}`);
  return {
    params: [column, type, term].map((value, index) => [names[index] ?? '', value] as const),
    answer: (rows) => {
      if (isNumeric && !isNumber(term)) {
        const also = type.endsWith('unlimited') ? ' or “unlimited”' : '';
        return { error: `${names[2]} must be a number of at most 15 digits${also}.` };
      }
      const before = rows.length;
      const filtered = grammar === 'administrator' ? { filtered: before } : {};
      return {
        rows: rows.filter((row) =>
          Object.entries(row).some(
            ([name, value]) => (column === '*' || column === name) && holds(String(value), term),
          ),
        ),
        metadata: {
          transformed: 1,
          records_before_filter: before,
          filter: { records_before_filter: before, ...filtered },
        },
      };
    },
  };
}

/** Every filter type on every column, with the values of these rows as terms. */
export function filters(termsOf: readonly Row[]): Question[] {
  return [...matchTypes.keys()].flatMap((type) =>
    termsOf.flatMap((row) => [
      ...columns.map((column) => filter({ column, type, term: String(row[column]) }, 'account')),
      filter({ column: '*', type, term: row.host }, 'administrator'),
      filter({ column: '*', type, term: String(row.pid) }, 'administrator'),
    ]),
  );
}

function sort(column: (typeof columns)[number], method: string, reverse: boolean): Question {
  const compare = (a: Row, b: Row) =>
    column === 'pid' && method !== 'lexicographic'
      ? a.pid - b.pid
      : Buffer.compare(Buffer.from(String(a[column])), Buffer.from(String(b[column])));
  return {
    params: [
      ['api.sort_column', column],
      ['api.sort_method', method],
      ['api.sort_reverse', reverse ? '1' : '0'],
    ],
    answer: (rows) => ({
      rows: [...rows].sort((a, b) => compare(a, b) * (reverse ? -1 : 1)),
      metadata: { transformed: 1 },
    }),
  };
}

function page(start: number, size: number, number: number): Question {
  return {
    params: [
      ['api.paginate', '1'],
      ['api.paginate_start', String(start)],
      ['api.paginate_size', String(size)],
      ['api.paginate_page', String(number)],
    ],
    answer: (rows) => {
      const first = start + (number - 1) * size;
      return {
        rows: rows.slice(first - 1, first - 1 + size),
        metadata: {
          transformed: 1,
          paginate: {
            total_pages: Math.max(1, Math.ceil(rows.length / size)),
            total_results: rows.length,
            current_page: Math.floor((first - 1) / size) + 1,
            results_per_page: size,
            start_result: first,
          },
        },
      };
    },
  };
}

function cut(...wanted: readonly string[]): Question {
  return {
    params: wanted.map((column, index) => [`api.columns_${index}`, column] as const),
    answer: (rows) => ({
      rows: rows.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([name]) => wanted.includes(name))),
      ),
      metadata: { transformed: 1 },
    }),
  };
}

const steadyColumns: readonly (keyof SteadyRow)[] = [
  'pid',
  'start',
  'user',
  'owner',
  'container',
  'host',
  'remote_port',
  'local_port',
  'protocol',
  'status',
  'file',
  'path',
  'directory',
  'command',
  'bytes_total',
  'started_at',
];

/** Of a list that moves all that does not, so that whole answers can be compared. */
export const steadyQuestion: Question = cut(...steadyColumns);

/** Sorts, pages and columns. */
export const transforms: readonly Question[] = [
  ...[true, false].flatMap((reverse) => [
    ...columns.map((column) => sort(column, 'lexicographic', reverse)),
    sort('pid', 'numeric', reverse),
    sort('pid', 'numeric_zero_as_max', reverse),
    // All of them have the same number of digits, so that bytes and numbers give one order.
    sort('host', 'ipv4', reverse),
  ]),
  ...[page(1, 1, 1), page(1, 2, 2), page(3, 2, 1), page(1, 1000, 1), page(1, 1, 99)],
  ...columns.map((column) => cut(column)),
  cut('user', 'pid'),
];
