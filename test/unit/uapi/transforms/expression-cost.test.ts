import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RE2Set } from 're2js';
import { compileExpression } from '../../../../src/uapi/transforms/expression.ts';
import {
  costOfExpression,
  maxNamedRanges,
} from '../../../../src/uapi/transforms/expression-cost.ts';
import { createWork } from '../../../../src/uapi/transforms/work.ts';
import { pick, refuses } from './apply.ts';
import { ordinaryExpressions } from './ordinary-expressions.ts';

/** What the engine made of an expression: instructions, and ranges of characters in them. */
function programOf(expression: string): { instructions: number; ranges: number } {
  const set = new RE2Set();
  set.add(expression);
  set.compile();
  const { inst } = set.prog as unknown as { inst: { runes: { length: number } }[] };
  const ranges = inst.reduce((sum, { runes }) => sum + Math.floor(runes.length / 2), 0);
  return { instructions: inst.length, ranges };
}

const tricky = [
  '\\p{L}{990}',
  '(\\pL?){300}',
  '[\\pL\\PN]{9}',
  '(?i)[\\x{100}-\\x{1e943}]{9}',
  '(?i)[\\n-\\x{1e943}]',
  '(?i)[!-\\x{1e943}]',
  '(?i)\\W{99}',
  '(?i)[^\\W\\d]{99}',
  '[[:^alpha:][:^digit:]]{99}',
  '[]a]{9}',
  '[^]a]{9}',
  '[a(](b{9}){9}[)]',
  '(?:ab){9}\\Q\\E{9}',
  '(?:a{9}(?i)){9}',
  '(ab)(?i){9}',
  '\\Qab\\E{99}',
  'a{01}{9}',
  'a{,9}{9}',
  '(?:(?:a*)*){0}',
  '((((a*)*)*)*){9}',
  '(|){9}',
  'a|b|cd||',
  '(?P<name>a|\\b){9}',
  '\\101\\x41\\x{41}{9}',
  '\u{1f600}{9}',
  '.{99}^{9}\\z{9}',
  '^[\\s\\S]{0,1000}$',
];

for (const expression of [...tricky, ...ordinaryExpressions]) {
  test(`the bound holds what the engine makes of ${expression.slice(0, 40)}`, () => {
    const cost = costOfExpression(expression);
    const program = programOf(expression);
    assert.ok(cost.instructions >= program.instructions, JSON.stringify({ cost, program }));
    assert.ok(cost.ranges >= program.ranges, JSON.stringify({ cost, program }));
  });
}

test('no class of the engine has more ranges than are charged for one', () => {
  const names = [
    ...'Any Assigned C Cc Cf Cn Co Cs L LC Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No'.split(' '),
    ...'P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs Latin Greek Cyrillic Han Common'.split(' '),
  ];
  for (const name of names) {
    for (const before of ['', '(?i)']) {
      for (const sign of ['p', 'P']) {
        const { ranges } = programOf(`${before}\\${sign}{${name}}`);
        assert.ok(ranges <= maxNamedRanges, `${name}: ${ranges}`);
      }
    }
  }
});

const matching = (expressions: readonly string[], column = 'text') =>
  Object.fromEntries(
    expressions.flatMap((expression, index) => [
      [`api.filter_column_${index}`, column],
      [`api.filter_type_${index}`, 'matches'],
      [`api.filter_term_${index}`, expression],
    ]),
  );

test('ordinary expressions meet no limit: each on 5,000 rows, and on the longest path there is', () => {
  const paths = Array.from({ length: 5000 }, (_, index) => ({
    text: `/home/customer${index}/public_html/${'uploads/'.repeat(index % 9)}file${index}.zip`,
  }));
  const longest = { text: `/home/${'a'.repeat(4089)}` };
  for (const expression of ordinaryExpressions) {
    assert.ok(pick(paths, 'text', matching([expression])).length <= paths.length);
    if (costOfExpression(expression).instructions < 250) {
      assert.ok(pick([longest], 'text', matching([expression])).length <= 1);
    }
  }
});

test('ordinary expressions meet no limit: all in one call', () => {
  const rows = Array.from({ length: 50 }, () => ({ text: 'x' }));
  assert.equal(pick(rows, 'text', matching(ordinaryExpressions)).length, 0);
});

const costly: [what: string, expression: string][] = [
  ['classes one after the other', '\\p{L}'.repeat(190)],
  ['classes in a class', `[${'\\PL'.repeat(340)}]`],
  ['classes as branches', `${'\\pL|'.repeat(255)}x`],
  ['a class that is repeated', '\\p{L}{999}'],
  ['classes without case', `(?i)${'\\pL'.repeat(330)}`],
  ['ranges without case', `(?i)[${'b-\\x{1e943}'.repeat(80)}]`],
  ['ranges without case in branches', `(?i)${'[b-\\x{1e943}]|'.repeat(70)}x`],
  ['a large class that is repeated', '(?i)[\\x{250}-\\x{1e943}]{999}'],
];

for (const [what, expression] of costly) {
  test(`what costs more than 12 ms to compile is refused by its name: ${what}`, () => {
    refuses(
      [],
      matching([expression]),
      'api.filter_term_0 is too large: its classes have too many characters.',
    );
  });
}

test('an expression that comes again is charged once, and 64 large ones may be in one call', () => {
  const large = Array.from({ length: 64 }, (_, index) => `${'\\pL'.repeat(20)}x{${100 + index}}`);
  assert.equal(pick([], 'text', matching(large)).length, 0);
  const work = createWork();
  const charged = (parameter: string, expression: string) => {
    const before = work.left;
    compileExpression(parameter, expression, work);
    return before - work.left;
  };
  assert.equal(charged('first', '\\pL{9}'), costOfExpression('\\pL{9}').work);
  assert.equal(charged('second', '\\pL{9}'), 0);
  work.left = 1000;
  assert.throws(
    () => compileExpression('third', '\\pL{8}', work),
    /^ApiError: third is too large together with the expressions before it\.$/,
  );
});

test('an expression too large for one text is refused, and works on a shorter one', () => {
  const parameters = matching(['a.{900}c']);
  assert.deepEqual(pick([{ text: 'a'.repeat(1000) }], 'text', parameters), []);
  refuses(
    [{ text: 'a'.repeat(1200) }],
    parameters,
    'api.filter_term_0 is too large for a text of 1200 characters.',
  );
});
