import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { apply, refuses } from './apply.ts';

const list = (length: number) => Array.from({ length }, (_, index) => ({ record: index + 1 }));
const thirty = list(30);

/** Records first–last, and what metadata.paginate says: pages, results, page, size, start. */
const pages: [parameters: string, first: number, last: number, paginate: number[]][] = [
  ['api.paginate=1', 1, 30, [1, 30, 1, 30, 1]],
  ['api.paginate=1&api.paginate_start=-1', 1, 30, [1, 30, 1, 30, 1]],
  ['api.paginate_start=-1&api.paginate_size=10', 1, 10, [3, 30, 1, 10, 1]],
  ['api.paginate_size=10', 1, 10, [3, 30, 1, 10, 1]],
  ['api.paginate_size=10&api.paginate_page=3', 21, 30, [3, 30, 3, 10, 21]],
  ['api.paginate_size=7&api.paginate_page=5', 29, 30, [5, 30, 5, 7, 29]],
  ['api.paginate_start=5&api.paginate_size=10', 5, 14, [3, 30, 1, 10, 5]],
  ['api.paginate_start=5&api.paginate_size=10&api.paginate_page=2', 15, 24, [3, 30, 2, 10, 15]],
  ['api.paginate_start=11&api.paginate_size=10', 11, 20, [3, 30, 2, 10, 11]],
  ['api.paginate_start=5', 5, 30, [1, 30, 1, 30, 5]],
  ['api.paginate_page=1', 1, 30, [1, 30, 1, 30, 1]],
  ['api.paginate_page=2', 1, 0, [1, 30, 2, 30, 31]],
  ['api.paginate_size=10&api.paginate_page=4', 1, 0, [3, 30, 4, 10, 31]],
  ['api.paginate_start=31&api.paginate_size=10', 1, 0, [3, 30, 4, 10, 31]],
  ['api.paginate_size=2147483647', 1, 30, [1, 30, 1, 2147483647, 1]],
  ['api.paginate_start=2147483647', 1, 0, [1, 30, 71582789, 30, 2147483647]],
  [
    'api.paginate=1&api.paginate_start=0&api.paginate_size=0&api.paginate_page=0',
    1,
    30,
    [1, 30, 1, 30, 1],
  ],
  ['api.paginate=1&api.paginate_size=&api.paginate_page=', 1, 30, [1, 30, 1, 30, 1]],
];

for (const [parameters, first, last, expected] of pages) {
  test(`paging by ${parameters} gives records ${first} to ${last}`, () => {
    const { rows, metadata } = apply(thirty, parameters);
    assert.deepEqual(rows, thirty.slice(first - 1, last));
    const [total_pages, total_results, current_page, results_per_page, start_result] = expected;
    assert.deepEqual(metadata, {
      transformed: 1,
      paginate: { total_pages, total_results, current_page, results_per_page, start_result },
    });
  });
}

test('an empty list has one empty page', () => {
  const one = { total_pages: 1, total_results: 0, current_page: 1, start_result: 1 };
  assert.deepEqual(apply([], 'api.paginate=1').metadata['paginate'], {
    ...one,
    results_per_page: 1,
  });
  const sized = apply([], 'api.paginate_size=10').metadata['paginate'];
  assert.deepEqual(sized, { ...one, results_per_page: 10 });
});

for (const parameters of [
  'api.paginate=0&api.paginate_size=10&api.paginate_page=none',
  'api.paginate_size=&api.paginate_page=0',
  'api.chunk.enable=0&api.chunk.size=5',
  'api.chunk.verbose=1',
  '',
]) {
  test(`nothing is cut and no page is told by "${parameters}"`, () => {
    assert.deepEqual(apply(thirty, parameters), { rows: thirty, metadata: { transformed: 1 } });
  });
}

test('api.chunk cuts too, and tells the page where either kind of client looks', () => {
  const { rows, metadata } = apply(
    thirty,
    'api.chunk.enable=1&api.chunk.start=11&api.chunk.size=10',
  );
  assert.deepEqual(rows, thirty.slice(10, 20));
  assert.deepEqual(metadata, {
    transformed: 1,
    paginate: {
      total_pages: 3,
      total_results: 30,
      current_page: 2,
      results_per_page: 10,
      start_result: 11,
    },
    chunk: { start: 11, size: 10, current: 2, chunks: 3, records: 30 },
  });
});

test('api.chunk without a size, from -1, is everything', () => {
  assert.deepEqual(apply(thirty, 'api.chunk.enable=1&api.chunk.start=-1').rows, thirty);
});

test('api.paginate comes before api.chunk, unless it is off', () => {
  const both = 'api.chunk.size=3&api.paginate_size=10';
  assert.equal(apply(thirty, both).rows.length, 10);
  assert.equal(apply(thirty, both).metadata['chunk'], undefined);
  assert.equal(apply(thirty, `${both}&api.paginate=0`).rows.length, 3);
});

const parts = [
  'api.paginate_start',
  'api.paginate_size',
  'api.paginate_page',
  'api.chunk.start',
  'api.chunk.size',
];

for (const name of parts) {
  test(`${name} is refused when it is not a whole number in range`, () => {
    for (const value of [
      'two',
      '-2',
      '1.5',
      '1e3',
      ' 1',
      '+1',
      'NaN',
      '2147483648',
      '9'.repeat(400),
    ]) {
      const text = `${name} must be a whole number from 0 to 2147483647.`;
      refuses(thirty, { [name]: value }, text);
      refuses([], { [name]: value }, text);
    }
    if (!name.endsWith('start')) refuses(thirty, { [name]: '-1' }, /must be a whole number/);
  });
}

test('a page so far out that its start could not be told exactly is refused', () => {
  const far = 'api.paginate_size=2147483647&api.paginate_page=2147483647';
  refuses(thirty, far, 'api.paginate_page is too large for this api.paginate_size.');
});

test('switches of pages are refused when they are not 0 or 1', () => {
  refuses(thirty, 'api.paginate=yes', 'api.paginate must be 0 or 1.');
  refuses(thirty, 'api.chunk.enable=yes', 'api.chunk.enable must be 0 or 1.');
});

test('pages are disjoint, in order, and together make the whole', () => {
  fc.assert(
    fc.property(
      fc.nat(60),
      fc.integer({ min: 1, max: 70 }),
      fc.boolean(),
      (length, size, byStart) => {
        const rows = list(length);
        const request = (page: number) =>
          byStart
            ? `api.paginate_start=${(page - 1) * size + 1}&api.paginate_size=${size}`
            : `api.paginate_page=${page}&api.paginate_size=${size}`;
        const first = apply(rows, request(1)).metadata['paginate'] as { total_pages: number };
        const all = Array.from({ length: first.total_pages }, (_, i) =>
          apply(rows, request(i + 1)),
        );
        assert.deepEqual(
          all.flatMap((page) => page.rows),
          rows,
        );
        assert.deepEqual(apply(rows, request(first.total_pages + 1)).rows, []);
        for (const [index, { metadata }] of all.entries()) {
          assert.deepEqual(metadata['paginate'], {
            ...first,
            current_page: index + 1,
            start_result: index * size + 1,
          });
        }
      },
    ),
  );
});
