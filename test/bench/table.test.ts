import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLeast, atMost, figure } from './result.ts';
import { resultTable } from './table.ts';

const result = {
  measure: 'a list',
  ours: figure([1.23456, 1.23456], 'ms'),
  peer: { ...figure([2500], 'ms'), name: 'ps' },
  value: 0.000_493_8,
  target: atMost(0.35),
};

test('shows medians, spreads and the target, in columns that line up', () => {
  assert.deepEqual(resultTable([result]), [
    '| measure | uapid               | peer        | value    | target  | met | note |',
    '|---------|---------------------|-------------|----------|---------|-----|------|',
    '| a list  | 1.23 ms (1.23–1.23) | ps: 2500 ms | 0.000494 | <= 0.35 | yes |      |',
  ]);
});

test('says which targets are missed', () => {
  const [, , high = '', low = ''] = resultTable([
    { ...result, value: 0.36 },
    { ...result, value: 0.69, target: atLeast(0.7), peer: null },
  ]);
  assert.match(high, /\| 0\.36 +\| <= 0\.35 +\| no /);
  assert.match(low, /\| +\| 0\.69 +\| >= 0\.7 +\| no /);
});
