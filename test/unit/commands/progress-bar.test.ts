import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createProgressBar } from '../../../src/commands/progress-bar.ts';

/** A bar whose clock stands where it is set, in ms since the bar was made, and what it has written. */
function prepare(t: TestContext, { isTTY = true, term = 'xterm' } = {}) {
  const clock = { ms: 0 };
  t.mock.method(performance, 'now', () => 5_000 + clock.ms);
  const before = process.env['TERM'];
  t.after(() => {
    if (before === undefined) delete process.env['TERM'];
    else process.env['TERM'] = before;
  });
  process.env['TERM'] = term;
  const written: string[] = [];
  const output = { isTTY, columns: 80, write: (text: string) => written.push(text) };
  const bar = createProgressBar(output as unknown as NodeJS.WriteStream);
  const showAt = (ms: number, done: number) => {
    clock.ms = ms;
    bar.show({ done, total: 200 });
  };
  return { bar, written, showAt };
}

test('what takes longer than a second has a bar that moves ten times a second at most, and leaves nothing behind', (t) => {
  const { bar, written, showAt } = prepare(t);
  showAt(999, 90);
  assert.equal(written.length, 0);
  showAt(1_000, 100);
  showAt(1_099, 101);
  showAt(1_100, 150);
  bar.close();
  showAt(1_300, 200);
  const shown = written.map((text) => text.replace(/[█#]/g, '#').replace(/[░-]/g, '-'));
  assert.deepEqual(shown, [
    `\rreading ${'#'.repeat(10)}${'-'.repeat(10)} 50%\x1b[K`,
    `\rreading ${'#'.repeat(15)}${'-'.repeat(5)} 75%\x1b[K`,
    '\r\x1b[K',
  ]);
});

test('what is over within a second writes nothing, not even to take the bar away', (t) => {
  const { bar, written, showAt } = prepare(t);
  showAt(500, 100);
  bar.close();
  assert.deepEqual(written, []);
});

test('there is no bar in a file, nor on a terminal that cannot take it away', (t) => {
  for (const place of [{ isTTY: false }, { term: 'dumb' }]) {
    const { bar, written, showAt } = prepare(t, place);
    showAt(5_000, 100);
    bar.close();
    assert.deepEqual(written, [], JSON.stringify(place));
    t.mock.restoreAll();
  }
});
