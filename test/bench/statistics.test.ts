import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantile, ratioOf, spreadOf } from './statistics.ts';

test('gives the middle of the values, whatever their order', () => {
  assert.equal(spreadOf([9, 1, 5]).median, 5);
  assert.equal(spreadOf([4, 1, 3, 2]).median, 2.5);
});

test('gives quantiles between the values', () => {
  assert.equal(quantile([0, 100], 0.05), 5);
  assert.equal(quantile([0, 10, 20], 0.95), 19);
  assert.throws(() => quantile([], 0.5));
});

test('compares what was measured together, so that a slow moment of the machine cancels out', () => {
  assert.deepEqual(ratioOf([1, 10, 2], [2, 20, 4]), { median: 0.5, low: 0.5, high: 0.5, count: 3 });
});
