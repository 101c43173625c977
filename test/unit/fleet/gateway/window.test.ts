import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createWindow, type Window } from '../../../../src/fleet/gateway/window.ts';
import { until } from '../../../support/until.ts';

const longPatience = { ms: 60_000, maxBytes: 0 };
const turn = () => new Promise(setImmediate);

/** Asks to be let in so often; who is in can leave. */
function crowd(window: Window, bytes: readonly number[]) {
  const inside: (() => void)[] = [];
  for (const each of bytes) window.enter(each, (seat) => inside.push(() => window.leave(seat)));
  return inside;
}

describe('the window of a gateway', () => {
  test('who waits is let in several at a time, and everybody in the end', async () => {
    const inside = crowd(createWindow(8, 1_000, longPatience), Array(12).fill(1));
    await turn();
    assert.equal(inside.length, 8);
    inside[0]?.();
    await turn();
    assert.equal(inside.length, 8, 'one that leaves makes room for nobody yet');
    inside[1]?.();
    await turn();
    assert.equal(inside.length, 10);
    for (const leave of inside.slice(2, 10)) leave();
    await turn();
    assert.equal(inside.length, 12);
    for (const leave of inside.slice(10)) leave();
  });

  test('where none gives its room to others before it leaves, each that leaves makes room for one', async () => {
    const inside = crowd(createWindow(8, 1_000), Array(12).fill(1));
    inside[0]?.();
    await turn();
    assert.equal(inside.length, 9, 'seven that hang keep nobody from the eighth place');
    for (const leave of inside.slice(1)) leave();
  });

  test('so many bytes are expected at a time at most, and one with more goes alone', async () => {
    const inside = crowd(createWindow(16, 10), [6, 6, 20, 1]);
    for (const expected of [1, 2, 3, 4]) {
      await turn();
      assert.equal(inside.length, expected);
      inside[expected - 1]?.();
    }
  });

  test('one that is not heard of for long gives its room to others, once, as far as what it may bring lets it', async () => {
    const inside = crowd(createWindow(2, 100, { ms: 20, maxBytes: 10 }), [6, 6, 4, 5, 1]);
    assert.equal(inside.length, 2);
    await until(() => inside.length === 4, { what: 'two more are let in' });
    await delay(40);
    assert.equal(inside.length, 4, 'two of 6 bytes are overdue, and no more may be');
    inside[0]?.();
    await turn();
    assert.equal(inside.length, 4, 'its room was given back before');
    inside[2]?.();
    await turn();
    assert.equal(inside.length, 5);
    for (const index of [1, 3, 4]) inside[index]?.();
  });

  test('one that may bring much keeps others waiting no longer than one that may bring little, also beside it', async () => {
    const inside = crowd(createWindow(2, 10, { ms: 20, maxBytes: 10 }), [1, 10, 1]);
    await until(() => inside.length === 3, { what: 'the third is let in', timeoutMs: 5_000 });
    for (const leave of inside) leave();
  });

  test('a host that has given its room to others takes none again before it has answered, and gives back none', async () => {
    const window = createWindow(2, 10, { ms: 20, maxBytes: 10 });
    const inside: (() => void)[] = [];
    const enter = (bytes: number, host: string) =>
      window.enter(bytes, (seat) => inside.push(() => window.leave(seat)), host);
    for (const [bytes, host] of [
      [10, 'late'],
      [10, 'late'],
      [10, 'late'],
      [10, 'well'],
      [10, 'well'],
    ] as const)
      enter(bytes, host);
    assert.equal(inside.length, 1);
    await until(() => inside.length === 4, { what: 'its others are let in, and who came behind' });
    for (const leave of inside.slice(0, 3)) leave();
    await turn();
    assert.equal(inside.length, 4, 'none of them had taken room');
    inside[3]?.();
    await turn();
    assert.equal(inside.length, 5);
    inside[4]?.();
    for (const bytes of [10, 10]) enter(bytes, 'late');
    assert.equal(inside.length, 6, 'it is waited for again');
    for (const leave of inside.slice(5)) leave();
  });
});
