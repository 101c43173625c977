import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBodyBudget } from '../../../../src/http/bodies/body-budget.ts';

/** A budget of a hundred bytes, and who was refused in it. */
function start() {
  const budget = createBodyBudget(100);
  const refused: string[] = [];
  const enter = (sender: string, what: string, bytes: number) => {
    const reservation = budget.reserve(sender, () => refused.push(what));
    return { ...reservation, isIn: reservation.take(bytes) };
  };
  return { refused, enter };
}

test('who takes most makes room, with its largest', () => {
  const { refused, enter } = start();
  enter('greedy', 'small', 10);
  enter('greedy', 'large', 40);
  enter('modest', 'one', 45);
  enter('newcomer', 'first', 5);
  assert.deepEqual(refused, []);
  enter('newcomer', 'second', 1);
  assert.deepEqual(refused, ['large']);
  assert.equal(enter('modest', 'too much', 50).isIn, false);
  assert.deepEqual(refused, ['large', 'too much']);
});

test('as many make room as it takes, and no more', () => {
  const { refused, enter } = start();
  for (let body = 0; body < 10; body += 1) enter('greedy', `body ${body}`, 6);
  enter('newcomer', 'large', 50);
  assert.deepEqual(refused, ['body 0', 'body 1']);
});

test('what has left gives its room back once, and what was refused takes none any more', () => {
  const { refused, enter } = start();
  const [first, second] = [enter('a', 'first', 60), enter('b', 'second', 40)];
  first.release();
  first.release();
  const third = enter('c', 'third', 60);
  assert.deepEqual(refused, []);
  assert.equal(third.take(61), false);
  assert.deepEqual(refused, ['third']);
  assert.equal(third.take(1), false);
  third.release();
  second.release();
  enter('d', 'fourth', 100);
  assert.deepEqual(refused, ['third']);
});

test('never more is taken than there is room for, and nobody is refused who takes less than another', () => {
  const step = fc.record({
    sender: fc.constantFrom('a', 'b', 'c'),
    body: fc.nat(4),
    bytes: fc.nat(100),
    leaves: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const budget = createBodyBudget(100);
      const bodies = new Map<
        string,
        { bytes: number; reservation: ReturnType<typeof budget.reserve> }
      >();
      const takenBy = (sender: string) =>
        [...bodies]
          .filter(([name]) => name.startsWith(sender))
          .reduce((sum, [, { bytes }]) => sum + bytes, 0);
      for (const { sender, body, bytes, leaves } of steps) {
        const name = `${sender}${body}`;
        const onRefused = () => {
          const largest = Math.max(...['a', 'b', 'c'].map(takenBy));
          assert.equal(takenBy(sender), largest);
          bodies.delete(name);
        };
        if (!bodies.has(name))
          bodies.set(name, { bytes: 0, reservation: budget.reserve(sender, onRefused) });
        const known = bodies.get(name);
        assert.ok(known);
        if (leaves) {
          known.reservation.release();
          bodies.delete(name);
        } else {
          known.bytes = bytes;
          assert.equal(known.reservation.take(bytes), bodies.has(name));
        }
        assert.ok(takenBy('') <= 100);
      }
    }),
  );
});
