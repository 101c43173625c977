import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apply, type Parameters, pick, refuses } from './apply.ts';

const rows = [
  { pid: 9, user: 'ann', status: 'IDLE', file: '', quota: '5' },
  { pid: 10, user: 'Bob', status: 'DL', file: '/pub/a.iso', quota: 'unlimited' },
  { pid: 100, user: 'carol', status: 'UL', file: '/home/Carol/B.txt', quota: '10.0' },
  { pid: 7, user: 'dan', status: 'DL', file: null, quota: 'none' },
];

/** A filter in the account's grammar, without the switch, as cPanel's JavaScript client sends it. */
function one(column: string, type: string, term = ''): Parameters {
  return { 'api.filter_column_0': column, 'api.filter_type_0': type, 'api.filter_term_0': term };
}

const types: [column: string, type: string, term: string, pids: number[]][] = [
  ['status', 'eq', 'DL', [10, 7]],
  ['status', 'eq', 'dl', []],
  ['file', 'eq', '', [9]],
  ['pid', 'eq', '10', [10]],
  ['pid', 'eq', '10.0', [10]],
  ['quota', 'eq', '10', [100]],
  ['quota', 'eq', 'unlimited', [10]],
  ['quota', '==', '10', [100]],
  ['status', 'ne', 'DL', [9, 100]],
  ['pid', 'ne', '010', [9, 100, 7]],
  ['file', 'ne', '', [10, 100, 7]],
  ['pid', 'lt', '10', [9, 7]],
  ['pid', 'lt_equal', '10', [9, 10, 7]],
  ['pid', 'gt', '9', [10, 100]],
  ['pid', 'gt_equal', '10', [10, 100]],
  ['pid', 'gt', '-1', [9, 10, 100, 7]],
  ['pid', 'gt', '9.5', [10, 100]],
  ['quota', 'lt', '10', [9]],
  ['quota', 'gt', '6', [100]],
  ['quota', 'lt_handle_unlimited', '10', [9]],
  ['quota', 'gt_handle_unlimited', '6', [10, 100]],
  ['quota', 'lt_handle_unlimited', 'unlimited', [9, 100]],
  ['quota', 'gt_handle_unlimited', 'Unlimited', []],
  ['user', 'contains', 'A', [9, 100, 7]],
  ['pid', 'contains', '0', [10, 100]],
  ['file', 'contains', '', [9, 10, 100]],
  ['user', 'begins', 'b', [10]],
  ['pid', 'begins', '10', [10, 100]],
  ['file', 'ends', '.TXT', [100]],
  ['pid', 'ends', '0', [10, 100]],
  ['user', 'matches', '^[A-Z]', [10]],
  ['pid', 'matches', '^\\d{1,2}$', [9, 10, 7]],
  ['file', 'defined', '', [9, 10, 100]],
  ['file', 'undefined', '', [7]],
  ['nowhere', 'defined', '', []],
  ['nowhere', 'undefined', '', [9, 10, 100, 7]],
  ['nowhere', 'eq', '', []],
  ['nowhere', 'ne', 'x', [9, 10, 100, 7]],
  ['nowhere', 'contains', '', []],
  ['nowhere', 'lt', '5', []],
  ['constructor', 'defined', '', []],
  ['__proto__', 'defined', '', []],
];

for (const [column, type, term, pids] of types) {
  test(`a filter "${column} ${type} ${term}" keeps the rows it describes`, () => {
    assert.deepEqual(pick(rows, 'pid', one(column, type, term)), pids);
  });
  test(`the administrator's "${column} ${type} ${term}" keeps the same rows`, () => {
    const parameters = {
      'api.filter.enable': '1',
      'api.filter.a.field': column,
      'api.filter.a.type': type,
      'api.filter.a.arg0': term,
    };
    assert.deepEqual(pick(rows, 'pid', parameters), pids);
  });
}

const grammar: [what: string, parameters: Parameters, pids: number[]][] = [
  [
    'with a switch and no suffix',
    'api.filter=1&api.filter_column=status&api.filter_term=l',
    [9, 10, 100, 7],
  ],
  ['contains is the default type', 'api.filter_column=user&api.filter_term=AN', [9, 7]],
  [
    'an empty type is the default type',
    'api.filter_column=user&api.filter_type=&api.filter_term=AN',
    [9, 7],
  ],
  [
    'all filters must hold',
    'api.filter_column=status&api.filter_term=dl&api.filter_column_0=pid&api.filter_type_0=gt&api.filter_term_0=8&api.filter_column_1=user&api.filter_term_1=o',
    [10],
  ],
  [
    'a switch at 0 turns off the filter of its suffix',
    'api.filter_1=0&api.filter_column=status&api.filter_term=dl&api.filter_column_1=pid&api.filter_term_1=7',
    [9, 10, 7],
  ],
  [
    'and not the others',
    'api.filter=0&api.filter_column=status&api.filter_term=dl&api.filter_column_1=pid&api.filter_term_1=9',
    [9],
  ],
  [
    'a filter that is off is not checked',
    'api.filter=0&api.filter_column=pid&api.filter_type=bogus',
    [9, 10, 100, 7],
  ],
  [
    'a form with empty fields is no filter',
    'api.filter=1&api.filter_column=&api.filter_type=eq&api.filter_term=',
    [9, 10, 100, 7],
  ],
  [
    'a switch alone is no filter',
    'api.filter=1&api.filter.enable=1&api.filter.verbose=1',
    [9, 10, 100, 7],
  ],
  [
    'what looks like a parameter and is none is ignored',
    'api.filter_column_x=pid&api.filter_colum=1&api.filter.a=1&api.filter.a.arg1=2',
    [9, 10, 100, 7],
  ],
  [
    "the administrator's switch at 0 turns off all of its filters",
    'api.filter.enable=0&api.filter.a.field=pid&api.filter.a.arg0=9',
    [9, 10, 100, 7],
  ],
  ["the administrator's filters need no switch", 'api.filter.a.field=pid&api.filter.a.arg0=9', [9]],
  [
    'both grammars hold together',
    'api.filter_column=status&api.filter_term=dl&api.filter.b.field=pid&api.filter.b.arg0=1',
    [10],
  ],
  [
    "the administrator's field * is any column",
    'api.filter.a.field=*&api.filter.a.arg0=carol',
    [100],
  ],
  ["the account's column * is a name", 'api.filter_column=*&api.filter_term=carol', []],
];

for (const [what, parameters, pids] of grammar) {
  test(`filters: ${what}`, () => {
    assert.deepEqual(pick(rows, 'pid', parameters), pids);
  });
}

test('a filter tells the number of records before it in both places where clients look', () => {
  assert.deepEqual(apply(rows, one('status', 'eq', 'DL')).metadata, {
    transformed: 1,
    records_before_filter: 4,
    filter: { records_before_filter: 4 },
  });
});

test("the administrator's filter tells it also under filter.filtered", () => {
  const { metadata } = apply(rows, 'api.filter.a.field=pid&api.filter.a.arg0=9');
  assert.deepEqual(metadata['filter'], { records_before_filter: 4, filtered: 4 });
});

test('digits that one double cannot tell apart stay different', () => {
  const long = [{ id: '90071992547409931' }, { id: '90071992547409932' }, { id: '1e3' }];
  assert.deepEqual(pick(long, 'id', one('id', 'eq', '90071992547409932')), ['90071992547409932']);
  assert.deepEqual(pick(long, 'id', one('id', 'eq', '1000')), []);
});

const errors: [parameters: Parameters, text: RegExp | string][] = [
  [
    'api.filter_column_1=pid&api.filter_type_1=is&api.filter_term_1=1',
    'api.filter_type_1 must be one of eq, ne, ==, lt, lt_equal, lt_handle_unlimited, gt, gt_equal, ' +
      'gt_handle_unlimited, contains, begins, ends, matches, defined, undefined.',
  ],
  ['api.filter_column=pid&api.filter_type=EQ', /^api\.filter_type must be one of eq, /],
  ['api.filter_column=pid&api.filter_type=constructor', /^api\.filter_type must be one of eq, /],
  ['api.filter.b.field=pid&api.filter.b.type=is', /^api\.filter\.b\.type must be one of eq, /],
  [one('pid', 'lt', 'ten'), 'api.filter_term_0 must be a number of at most 15 digits.'],
  [one('pid', 'gt'), 'api.filter_term_0 must be a number of at most 15 digits.'],
  [
    one('pid', 'gt', '1234567890123456'),
    'api.filter_term_0 must be a number of at most 15 digits.',
  ],
  [one('pid', '==', '0x10'), /^api\.filter_term_0 must be a number/],
  [one('pid', 'lt', 'unlimited'), /^api\.filter_term_0 must be a number/],
  [
    one('pid', 'gt_handle_unlimited', 'NaN'),
    'api.filter_term_0 must be a number of at most 15 digits or “unlimited”.',
  ],
  [
    'api.filter.a.field=pid&api.filter.a.type=lt&api.filter.a.arg0=x',
    /^api\.filter\.a\.arg0 must be a number/,
  ],
  ['api.filter_term_2=x', 'api.filter_column_2 is missing: api.filter_term_2 needs it.'],
  ['api.filter.c.arg0=x', 'api.filter.c.field is missing: api.filter.c.arg0 needs it.'],
  ['api.filter_3=yes&api.filter_column_3=pid', 'api.filter_3 must be 0 or 1.'],
  ['api.filter.enable=true', 'api.filter.enable must be 0 or 1.'],
];

for (const [parameters, text] of errors) {
  test(`a wrong filter is refused, with or without rows: ${new URLSearchParams(parameters)}`, () => {
    refuses(rows, parameters, text);
    refuses([], parameters, text);
  });
}

test('64 filters work, in both grammars together, and the 65th is refused by its name', () => {
  const account = Array.from({ length: 60 }, (_, i) => [`api.filter_column_${i}`, 'pid']);
  const letters = ['a', 'b', 'c', 'd'].map((letter) => [`api.filter.${letter}.field`, 'pid']);
  const parameters = Object.fromEntries([...account, ...letters]);
  assert.equal(apply(rows, parameters).rows.length, 4);
  refuses(
    rows,
    { ...parameters, 'api.filter.e.field': 'pid' },
    'api.filter.e.field is one too many: a call may have 64 of its kind.',
  );
});
