import assert from 'node:assert/strict';
import { RE2JSException, RE2Set } from 're2js';
import { ApiError } from '../../../src/uapi/call/api-error.ts';
import { compileExpression } from '../../../src/uapi/transforms/expression.ts';
import { costOfExpression } from '../../../src/uapi/transforms/expression-cost.ts';
import { createWork } from '../../../src/uapi/transforms/work.ts';
import { mutateText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { pureTarget } from '../target.ts';

const parts = [
  ...['a', 'b', '.', 'abc', 'abd', 'ü', '\u{1f600}', '^', '$', '|', '{', '}', '{01}', '{,3}'],
  ...[
    '\\pL',
    '\\PL',
    '\\p{Lu}',
    '\\p{^Cn}',
    '\\p{Assigned}',
    '\\p{Han}',
    '\\d',
    '\\W',
    '\\b',
    '\\z',
  ],
  ...[
    '[a-z]',
    '[^a-z]',
    '[\\pL\\pN]',
    '[^\\W\\pL]',
    '[[:alpha:][:^digit:]]',
    '[]a]',
    '[^]]',
    '[(]',
  ],
  ...['[\\x{100}-\\x{ffff}]', '[b-\\x{1e943}]', '[\\n-\\x{2fff}]', '[z-\\]]', '[+--]', '[)]'],
  ...['\\x41', '\\x{1e943}', '\\101', '\\n', '\\.', '()', '(?:)', '(?i)', '(?s)', '(?-i)'],
  ...['\\Qa(b\\E', '\\Q\\E'],
];
const operators = ['*', '+', '?', '*?', '{2}', '{3,}', '{0,4}', '{10}', '{0}', '{100}', '{990}'];
const groups = ['(', '(?:', '(?i:', '(?P<name>', '(?i-s:'];

/** An expression of what costs most, nested and repeated. */
function makeExpression(random: Random, depth = 3): string {
  const text = Array.from({ length: 1 + random.below(4) }, () => {
    const isPart = depth === 0 || random.below(9) < 5;
    const inner = () => makeExpression(random, depth - 1);
    const part = isPart ? random.pick(parts) : `${random.pick(groups)}${inner()}|${inner()})`;
    return random.oneIn(2) ? part + random.pick(operators) : part;
  }).join('');
  return depth > 0 && random.oneIn(10) ? text.repeat(1 + random.below(30)) : text;
}

/** The processor's time that it takes, in milliseconds, the best of so many. */
function costMs(run: () => void, rounds: number): number {
  const each = Array.from({ length: rounds }, () => {
    const begun = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / 1000;
  });
  return Math.min(...each);
}

const reference = '[\\p{L}\\p{N}._-]{1,255}';

function compile(expression: string): void {
  const set = new RE2Set();
  try {
    set.add(expression);
    set.compile();
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return;
  }
  const { inst } = set.prog as unknown as { inst: { runes: { length: number } }[] };
  const ranges = inst.reduce((sum, { runes }) => sum + Math.floor(runes.length / 2), 0);
  const cost = costOfExpression(expression);
  assert.ok(inst.length <= cost.instructions, `${inst.length} instructions`);
  assert.ok(ranges <= cost.ranges, `${ranges} ranges`);
}

function isRefused(expression: string): boolean {
  try {
    compileExpression('term', expression, createWork());
    return false;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return /too large|longer/.test(error.message);
  }
}

/**
 * What is let pass is no larger than was charged, and compiling it takes no longer than a few times
 * the largest ordinary expression: measured at that moment, so that a busy machine slows down both.
 */
function check(expression: string): void {
  if (isRefused(expression)) return;
  const once = costMs(() => compile(expression), 1);
  if (once < 20) return;
  const ratio = costMs(() => compile(expression), 5) / costMs(() => compile(reference), 5);
  assert.ok(ratio < 10, `${ratio.toFixed(1)} times ${reference}`);
}

/** Expressions that cost as much as can be. */
export const expressions = pureTarget(
  'expressions',
  20_000,
  (random) => {
    const expression = `${random.oneIn(3) ? '(?i)' : ''}${makeExpression(random)}`.slice(0, 1024);
    return random.oneIn(5) ? mutateText(random, expression) : expression;
  },
  check,
);
