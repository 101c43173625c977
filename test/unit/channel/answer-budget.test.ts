import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnswerBudget } from '../../../src/channel/answer-budget.ts';

/** A reader that takes what it is told to, and answers of a size that come when they are asked for. */
function makeScene(maxBytes: number) {
  let unread = 0;
  const asked: number[] = [];
  const budget = createAnswerBudget(maxBytes, () => unread);
  return {
    asked,
    ask: (number: number) => budget.whenThere(() => asked.push(number)),
    come: (bytes: number) => {
      unread += bytes;
      budget.taken(bytes);
    },
    read: (bytes: number) => {
      unread -= bytes;
      budget.update();
    },
  };
}

test('as many answers are under way as fit, the first taken for a quarter of the room', () => {
  const { ask, asked } = makeScene(100);
  for (let number = 1; number <= 6; number += 1) ask(number);
  assert.deepEqual(asked, [1, 2, 3, 4]);
});

test('whoever reads nothing is brought no more than fits, and all in order once it reads', () => {
  const { ask, asked, come, read } = makeScene(100);
  for (let number = 1; number <= 8; number += 1) ask(number);
  for (let number = 1; number <= 4; number += 1) come(40);
  assert.deepEqual(asked, [1, 2, 3, 4], '160 bytes are unread');
  read(100);
  assert.deepEqual(asked, [1, 2, 3, 4, 5], 'one of 40 fits beside 60');
  come(40);
  read(100);
  assert.deepEqual(asked, [1, 2, 3, 4, 5, 6, 7]);
});

test('an answer larger than all the room comes when nothing else is under way or unread', () => {
  const { ask, asked, come, read } = makeScene(100);
  ask(1);
  come(1000);
  ask(2);
  ask(3);
  assert.deepEqual(asked, [1]);
  read(1000);
  assert.deepEqual(asked, [1, 2]);
});

test('an answer that failed takes no room', () => {
  const { ask, asked, come } = makeScene(100);
  for (let number = 1; number <= 5; number += 1) ask(number);
  come(0);
  assert.deepEqual(asked, [1, 2, 3, 4, 5]);
});
