import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Parameters, pick, refuses } from './apply.ts';

const sessions = [
  { pid: 10, user: 'bob', n: '0', host: '10.0.0.2' },
  { pid: 9, user: 'Ann', n: 'x', host: '9.255.0.1' },
  { pid: 100, user: 'bob', n: '2.5', host: 'ftp.example.com' },
  { pid: 8, user: null, n: '-1', host: '10.0.0.10' },
];

const orders: [what: string, parameters: string, pids: number[]][] = [
  [
    'lexicographic is the default: code points, missing last',
    'api.sort_column=user',
    [9, 10, 100, 8],
  ],
  [
    'lexicographic by its name',
    'api.sort=1&api.sort_column=user&api.sort_method=lexicographic',
    [9, 10, 100, 8],
  ],
  ['numbers as texts are in the order of texts', 'api.sort_column=pid', [10, 100, 8, 9]],
  [
    'equal rows keep their order in reverse, missing stay last',
    'api.sort_column=user&api.sort_reverse=1',
    [10, 100, 9, 8],
  ],
  ['reverse 0 is forward', 'api.sort_column=user&api.sort_reverse=0', [9, 10, 100, 8]],
  ['numeric', 'api.sort_column=pid&api.sort_method=numeric', [8, 9, 10, 100]],
  ['numeric, no number last', 'api.sort_column=n&api.sort_method=numeric', [8, 10, 100, 9]],
  [
    'numeric in reverse, no number last',
    'api.sort_column=n&api.sort_method=numeric&api.sort_reverse=1',
    [100, 10, 8, 9],
  ],
  ['numeric_zero_as_max', 'api.sort_column=n&api.sort_method=numeric_zero_as_max', [8, 100, 10, 9]],
  [
    'numeric_zero_as_max in reverse',
    'api.sort_column=n&api.sort_method=numeric_zero_as_max&api.sort_reverse=1',
    [10, 100, 8, 9],
  ],
  ['ipv4', 'api.sort_column=host&api.sort_method=ipv4', [9, 10, 8, 100]],
  [
    'ipv4 as cPanel’s JavaScript client spells it',
    'api.sort_column=host&api.sort_method=ipv_4',
    [9, 10, 8, 100],
  ],
  ['a column that no row has', 'api.sort_column=constructor', [10, 9, 100, 8]],
  [
    'the first key first, by number of the suffix',
    'api.sort_column_10=pid&api.sort_column_2=user',
    [9, 10, 100, 8],
  ],
  [
    'no suffix comes before _0',
    'api.sort_column_0=pid&api.sort_method_0=numeric&api.sort_column=user&api.sort_reverse=1',
    [10, 100, 9, 8],
  ],
  [
    'every key has its own method and direction',
    'api.sort_column_0=user&api.sort_column_1=pid&api.sort_method_1=numeric&api.sort_reverse_1=1',
    [9, 100, 10, 8],
  ],
  [
    'a switch at 0 turns off the key of its suffix',
    'api.sort_0=0&api.sort_column_0=user&api.sort_column_1=pid&api.sort_method_1=numeric',
    [8, 9, 10, 100],
  ],
  [
    'a switch alone, or an empty column, is no key',
    'api.sort=1&api.sort_column=&api.sort_method=bogus',
    [10, 9, 100, 8],
  ],
  [
    'the administrator’s grammar',
    'api.sort.enable=1&api.sort.a.field=pid&api.sort.a.method=numeric&api.sort.a.reverse=1',
    [100, 10, 9, 8],
  ],
  [
    'the administrator’s keys by name, za after z',
    'api.sort.za.field=pid&api.sort.z.field=user&api.sort.za.method=numeric',
    [9, 10, 100, 8],
  ],
  ['the administrator’s switch at 0', 'api.sort.enable=0&api.sort.a.field=user', [10, 9, 100, 8]],
  [
    'the account’s keys before the administrator’s',
    'api.sort.a.field=pid&api.sort.a.method=numeric&api.sort_column_5=user&api.sort_reverse_5=1',
    [10, 100, 9, 8],
  ],
];

for (const [what, parameters, pids] of orders) {
  test(`sorting: ${what}`, () => {
    assert.deepEqual(pick(sessions, 'pid', parameters), pids);
  });
}

test('ipv4 sorts addresses by number, IPv6 after IPv4, other texts last', () => {
  const sorted = [
    '2.0.0.0',
    '10.0.0.9',
    '10.0.0.10',
    '255.255.255.255',
    '::',
    '::1',
    '0:0:0:0:0:0:0:2',
    '::3',
    '::ffff:1.2.3.4',
    '::ffff:1.2.3.5',
    '1::',
    'fe80::1%eth0',
    'fe80::10',
    'fe80::1:0:0:2',
    'FE80:0:0:1::',
    'ff00::',
  ];
  const rest = ['localhost', '1.2.3', '', '999.1.1.1'];
  const rows = [...rest, ...sorted.toReversed()].map((host) => ({ host }));
  const forward = 'api.sort_column=host&api.sort_method=ipv4';
  assert.deepEqual(pick(rows, 'host', forward), [...sorted, ...rest]);
  assert.deepEqual(pick(rows, 'host', `${forward}&api.sort_reverse=1`), [
    ...sorted.toReversed(),
    ...rest,
  ]);
});

test('lexicographic is the order of code points, beyond U+FFFF too', () => {
  const rows = ['\u{1f600}', '\ufb01', 'é', 'z', 'Z', '', 'za'].map((text) => ({ text }));
  const sorted = ['', 'Z', 'z', 'za', 'é', '\ufb01', '\u{1f600}'];
  assert.deepEqual(pick(rows, 'text', 'api.sort_column=text'), sorted);
});

const errors: [parameters: Parameters, text: string][] = [
  [
    'api.sort_column_0=pid&api.sort_method_0=random',
    'api.sort_method_0 must be one of lexicographic, numeric, numeric_zero_as_max, ipv4.',
  ],
  [
    'api.sort.b.field=pid&api.sort.b.method=Numeric',
    'api.sort.b.method must be one of lexicographic, numeric, numeric_zero_as_max, ipv4.',
  ],
  ['api.sort_column=pid&api.sort_reverse=false', 'api.sort_reverse must be 0 or 1.'],
  ['api.sort.a.field=pid&api.sort.a.reverse=no', 'api.sort.a.reverse must be 0 or 1.'],
  ['api.sort=on&api.sort_column=pid', 'api.sort must be 0 or 1.'],
  ['api.sort.enable=on', 'api.sort.enable must be 0 or 1.'],
];

for (const [parameters, text] of errors) {
  test(`a wrong sort key is refused, with or without rows: ${parameters}`, () => {
    refuses(sessions, parameters, text);
    refuses([], parameters, text);
  });
}

test('the 65th sort key is refused by its name', () => {
  const keys = Array.from({ length: 65 }, (_, i) => [`api.sort_column_${i}`, 'pid']);
  refuses(
    sessions,
    Object.fromEntries(keys),
    'api.sort_column_64 is one too many: a call may have 64 of its kind.',
  );
  assert.equal(pick(sessions, 'pid', Object.fromEntries(keys.slice(0, 64))).length, 4);
});
