import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { pick, refuses } from './apply.ts';

function matching(expression: string): Record<string, string> {
  return {
    'api.filter_column': 'text',
    'api.filter_type': 'matches',
    'api.filter_term': expression,
  };
}

const rowsOf = (texts: readonly string[]) => texts.map((text) => ({ text }));

const expressions: [expression: string, texts: string[], kept: string[]][] = [
  ['an', ['ann', 'ANN', 'dan', 'bob'], ['ann', 'dan']],
  ['(?i)an', ['ann', 'ANN', 'bob'], ['ann', 'ANN']],
  ['^a.c$', ['abc', 'xabc', 'a\nc'], ['abc']],
  ['(?s)^a.c$', ['abc', 'a\nc'], ['abc', 'a\nc']],
  ['^(?:DL|UL)$', ['DL', 'UL', 'IDLE'], ['DL', 'UL']],
  ['', ['', 'a'], ['', 'a']],
  ['^\\d{1,3}(?:\\.\\d{1,3}){3}$', ['10.0.0.1', '10.0.1', '::1'], ['10.0.0.1']],
  ['\\.(iso|zip)\\z', ['a.iso', 'a.iso.txt', 'b.zip'], ['a.iso', 'b.zip']],
  ['^[[:alpha:]_]\\w+?$', ['a_1', '1a'], ['a_1']],
  ['^.$', ['é', '\u{1f600}', 'ab'], ['é', '\u{1f600}']],
  [
    '^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$',
    ['123e4567-e89b-12d3-a456-426614174000', 'x'],
    ['123e4567-e89b-12d3-a456-426614174000'],
  ],
];

for (const [expression, texts, kept] of expressions) {
  test(`matches finds what Perl finds: ${expression}`, () => {
    assert.deepEqual(pick(rowsOf(texts), 'text', matching(expression)), kept);
  });
}

/** Expressions over a and b, of all operators that this engine and JavaScript's have in common. */
const { expression: anyExpression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '^', '$', '\\b', '(?:)'),
    fc.tuple(tie('expression'), tie('expression')).map(([x, y]) => `${x}${y}`),
    fc.tuple(tie('expression'), tie('expression')).map(([x, y]) => `(?:${x}|${y})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('*', '+', '?', '*?', '{2}', '{1,3}', '{2,}'))
      .map(([x, operator]) => `(${x})${operator}`),
  ),
}));

test('matches keeps exactly the rows that a backtracking engine keeps', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 8 });
  fc.assert(
    fc.property(anyExpression, fc.array(text, { maxLength: 10 }), (expression, texts) => {
      const native = new RegExp(expression);
      const kept = texts.filter((candidate) => native.test(candidate));
      assert.deepEqual(pick(rowsOf(texts), 'text', matching(expression)), kept);
    }),
    { numRuns: 500 },
  );
});

const unsupported = [
  '(a)\\1',
  'a(?=b)',
  'a(?!b)',
  '(?<=a)b',
  '(?<!a)b',
  '(?>a)',
  'a++',
  '\\Ra',
  '(?#x)',
  '(',
];

for (const expression of [...unsupported, '[', '*', 'a{1001}', 'a{2,1}']) {
  test(`an expression that is wrong or needs backtracking is refused: ${expression}`, () => {
    refuses(
      [],
      matching(expression),
      /^api\.filter_term is not a regular expression in RE2 syntax \(.+\)\. Look-around, back-references/,
    );
  });
}

test('the error for an expression names the parameter of its own filter', () => {
  const administrator = {
    'api.filter.b.field': 'text',
    'api.filter.b.type': 'matches',
    'api.filter.b.arg0': '(',
  };
  refuses([], administrator, /^api\.filter\.b\.arg0 is not a regular expression/);
});

test('an expression may have 1024 characters and no more', () => {
  assert.deepEqual(pick(rowsOf(['a']), 'text', matching('a|'.repeat(512))), ['a']);
  refuses([], matching('a'.repeat(1025)), 'api.filter_term is longer than 1024 characters.');
});

const oversized = [
  '(a{1000}){1000}',
  `(${'a'.repeat(900)}){1000}`,
  `(${'a'.repeat(900)})\\Q\\E{1000}`,
  `[(](${'a'.repeat(900)}){1000}[)]`,
  'a{1000}'.repeat(100),
  '.{1,999}'.repeat(100),
  '((a{0,100}){0,100}){0,100}',
];

for (const expression of oversized) {
  test(`an expression that repeats too much is refused at once: ${expression.slice(0, 30)}`, () => {
    const before = process.cpuUsage();
    refuses([], matching(expression), 'api.filter_term is too large: it repeats too much.');
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 100_000, 'µs of processor time');
  });
}

test('500 nested groups compile', () => {
  const nested = `${'('.repeat(500)}a${')'.repeat(500)}`;
  assert.deepEqual(pick(rowsOf(['a', 'b']), 'text', matching(nested)), ['a']);
});

test('an expression too large for the list is refused, and works on a smaller one', () => {
  const parameters = matching('x{300}');
  const row = { text: 'ab'.repeat(512) };
  assert.deepEqual(pick([row], 'text', parameters), []);
  const many = Array.from({ length: 2048 }, () => row);
  refuses(many, parameters, 'api.filter_term is too large for a list of this size.');
});

test('all expressions of a call share one allowance of work', () => {
  const rows = Array.from({ length: 500 }, () => ({ text: 'ab'.repeat(512) }));
  const filters = Array.from({ length: 10 }, (_, i) => [
    [`api.filter_column_${i}`, 'text'],
    [`api.filter_type_${i}`, 'matches'],
    [`api.filter_term_${i}`, `|x{${300 - i}}`],
  ]);
  assert.equal(pick(rows, 'text', Object.fromEntries(filters.slice(0, 1).flat())).length, 500);
  refuses(
    rows,
    Object.fromEntries(filters.flat()),
    /^api\.filter_term_[1-9] is too large for a list/,
  );
});

/** What the script measured, in milliseconds of the processor, for each expression and list. */
interface Measured {
  readonly expression: string;
  /** Of the whole list. */
  readonly rows: number;
  readonly bytes: number;
  readonly half: number;
  readonly whole: number;
  /** Of the whole list with an expression that is known to be linear; 0 where nobody needs it. */
  readonly unit: number;
}

test('no expression takes more than linear time on a list of up to 1 MB', () => {
  // A process of its own, because nothing could stop an endless match in this one.
  const script = fileURLToPath(new URL('./nasty-expressions.js', import.meta.url));
  const run = spawnSync(process.execPath, [script], { encoding: 'utf8', timeout: 600_000 });
  assert.equal(run.error, undefined, `an expression does not end: ${run.stdout.slice(-200)}`);
  assert.equal(run.status, 0, run.stderr);
  const measured: Measured[] = run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.ok(measured.length > 30);
  assert.ok(measured.some(({ bytes }) => bytes === 2 ** 20));
  for (const { expression, rows, bytes, half, whole, unit } of measured) {
    const what = `${expression} on ${bytes} bytes in ${rows} rows: ${whole} ms, on half of it ${half} ms, unit ${unit} ms`;
    // Six units is the most that was seen; what is not linear would need thousands.
    assert.ok(whole < 750 || whole < 20 * unit, what);
    // Quadratic time would be four times as long; below 100 ms the clock and the collector rule.
    assert.ok(whole < 100 || whole < 3.5 * Math.max(half, 30), what);
  }
});
