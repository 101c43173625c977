import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  minutesOf,
  pathOf,
  peakOf,
  type Sample,
  withSample,
} from '../../../../src/page/browser/rates.ts';

const at = (seconds: number, down: number, up = 0): Sample => ({ at: seconds * 1_000, down, up });
const drawing = { width: 60, height: 10, peak: 100, isFilled: false };

test('a graph’s newest moment is at the right edge, and the peak at the top', () => {
  const samples = [at(0, 100, 50), at(1, 0, 50), at(2, 100, 50)];
  assert.equal(pathOf(samples, 'down', drawing), 'M58 0L59 10L60 0');
  assert.equal(pathOf(samples, 'up', drawing), 'M58 5L59 5L60 5');
  assert.equal(
    pathOf(samples, 'down', { ...drawing, isFilled: true }),
    'M58 10L58 0L59 10L60 0L60 10Z',
  );
});

test('where nothing was seen the line is broken, not drawn across', () => {
  const samples = [at(0, 100), at(1, 100), at(31, 100), at(32, 100)];
  assert.equal(pathOf(samples, 'down', drawing), 'M28 0L29 0M59 0L60 0');
});

test('samples of five minutes are kept, and the scale grows by whole minutes to that', () => {
  let samples: Sample[] = [];
  for (let second = 0; second <= 400; second += 1) {
    samples = withSample(samples, at(second, second));
    if (second === 0 || second === 60) assert.equal(minutesOf(samples), 1);
    if (second === 61) assert.equal(minutesOf(samples), 2);
  }
  assert.deepEqual([samples[0]?.at, samples.at(-1)?.at], [101_000, 400_000]);
  assert.deepEqual([minutesOf(samples), peakOf(samples)], [5, 400]);
});

test('no sample and no motion make a graph without numbers that are none', () => {
  assert.equal(pathOf([], 'down', drawing), '');
  assert.equal(peakOf([]), 0);
  assert.equal(pathOf([at(0, 0)], 'down', { ...drawing, peak: 0 }), 'M60 10');
});
