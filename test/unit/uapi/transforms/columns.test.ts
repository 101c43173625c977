import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apply, refuses } from './apply.ts';

const rows = [
  { pid: 1, user: 'ann', file: '' },
  { pid: 2, user: 'bob', file: null },
];

const cases: [what: string, parameters: string, columns: string[]][] = [
  [
    'those asked for, in the order of the row',
    'api.columns=1&api.columns_0=user&api.columns_1=pid',
    ['pid', 'user'],
  ],
  ['the names are enough', 'api.columns_7=user', ['user']],
  ['a null value is a column', 'api.columns_0=file', ['file']],
  [
    'unknown names are ignored',
    'api.columns=1&api.columns_0=user&api.columns_1=nowhere&api.columns_2=toString',
    ['user'],
  ],
  ['none, when every name is unknown', 'api.columns=1&api.columns_0=nowhere', []],
  ['all, when the switch is 0', 'api.columns=0&api.columns_0=user', ['pid', 'user', 'file']],
  [
    'all, when there is a switch alone',
    'api.columns=1&api.columns.enable=1',
    ['pid', 'user', 'file'],
  ],
  ['all, when the names are empty', 'api.columns=1&api.columns_0=', ['pid', 'user', 'file']],
  [
    'the administrator’s grammar',
    'api.columns.enable=1&api.columns.a=user&api.columns.b=file',
    ['user', 'file'],
  ],
  [
    'its switches are no names',
    'api.columns.enable=1&api.columns.verbose=1&api.columns.a=pid',
    ['pid'],
  ],
  ['its switch at 0', 'api.columns.enable=0&api.columns.a=user', ['pid', 'user', 'file']],
  ['both grammars together', 'api.columns.a=user&api.columns_0=pid', ['pid', 'user']],
];

for (const [what, parameters, columns] of cases) {
  test(`columns: ${what}`, () => {
    const result = apply(rows, parameters);
    assert.deepEqual(
      result.rows.map((row) => Object.keys(row)),
      [columns, columns],
    );
    assert.deepEqual(result.metadata, { transformed: 1 });
  });
}

test('a column named __proto__ comes through as a column', () => {
  const odd = JSON.parse('[{"__proto__":"x","pid":1}]');
  assert.equal(JSON.stringify(apply(odd, 'api.columns_0=__proto__').rows), '[{"__proto__":"x"}]');
});

test('wrong switches and the 65th column are refused by their names', () => {
  refuses(rows, 'api.columns=user', 'api.columns must be 0 or 1.');
  refuses([], 'api.columns.enable=2', 'api.columns.enable must be 0 or 1.');
  const names = Array.from({ length: 65 }, (_, i) => [`api.columns_${i}`, `c${i}`]);
  refuses(
    rows,
    Object.fromEntries(names),
    'api.columns_64 is one too many: a call may have 64 of its kind.',
  );
});
