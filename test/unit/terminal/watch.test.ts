import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plain } from '../../../src/terminal/capabilities.ts';
import { keysOf } from '../../../src/terminal/keys.ts';
import { printable, widthOf } from '../../../src/terminal/printable.ts';
import { defaultOrder, sortKeys } from '../../../src/terminal/session-order.ts';
import { drawWatch } from '../../../src/terminal/watch-frame.ts';
import { pressKey, startWatch } from '../../../src/terminal/watch-state.ts';
import { row } from './rows.ts';

const at = new Date(2026, 2, 4, 12, 30, 0);
const rows = [
  row({ pid: 11, user: 'alice', status: 'DL', file: 'big.iso', rate_bytes_per_second: 1_258_291 }),
  row({ pid: 12, user: 'bob', status: 'UL', file: 'up.bin', rate_bytes_per_second: null }),
  row({ pid: 13, user: 'carol' }),
];

/** What is shown after these keys. */
function after(keys: string, terminal = { ...plain, width: 120 }, height = 20, seen = rows) {
  let state = startWatch(defaultOrder);
  const actions: unknown[] = [];
  for (const key of keysOf(keys)) {
    const step = pressKey(state, key, seen);
    state = step.state;
    if (step.action !== undefined) actions.push(step.action);
  }
  const observed = { at, rows: seen, warnings: ['Something is hidden.'] };
  const frame = { host: 'ftp1', observed, state, hasKeys: true };
  return { state, actions, lines: drawWatch(frame, terminal, height) };
}

test('the head has the host, how many there are, what they move, and the order', () => {
  assert.deepEqual(after('').lines.slice(0, 1), [
    'ftp1: 3 sessions, 1 download at 1.26 MB/s, 1 upload, 1 idle; by since, ascending',
  ]);
  assert.match(after('a/bo\r').lines[0] ?? '', /active ones, with "bo", 1 of 3 shown$/);
});

test('s goes through every column, r turns it round, rates come greatest first', () => {
  const order = (keys: string) => after(keys).state.order;
  const seen = sortKeys.map((_, index) => order('s'.repeat(index)).key);
  assert.deepEqual([...seen].sort(), [...sortKeys].sort());
  assert.match(after('ssss').lines[0] ?? '', /by rate, descending/);
  assert.match(after('ssssr').lines[0] ?? '', /by rate, ascending/);
});

test('nothing but y behind the question ends a session, and only the one that was asked about', () => {
  for (const key of ['n', 'q', ' ', 'Y', '\r', '\x1b', '\x1b[A']) {
    assert.deepEqual(after(`\x1b[Be${key}`).actions, [], JSON.stringify(key));
  }
  assert.deepEqual(after('y').actions, []);
  assert.deepEqual(after('ey').actions, []);
  assert.deepEqual(after('\x1b[B\x1b[Bey').actions, [{ end: rows[1] }]);
  const { lines } = after('\x1b[Be');
  assert.match(lines.slice(-2).join(' '), /^The session of alice \(PID 11 from .* file big\.iso\)/);
});

test('what is said of an ending has nothing that a terminal obeys, whoever chose the names in it', () => {
  const state = { ...startWatch(defaultOrder), message: 'ended a\x1b]0;x\x07\u202eb' };
  const observed = { at, rows, warnings: [] };
  for (const seen of [observed, new Error('No answer: \x1b]0;x\x07.')]) {
    const frame = { host: 'ftp1', observed: seen, state, hasKeys: true };
    const drawn = drawWatch(frame, { ...plain, width: 120 }, 20).join('');
    assert.equal(drawn, printable(drawn));
    assert.match(drawn, /ended a\\x1b\]0;x\\x07\\u\{202e\}b/);
  }
});

test('a session that goes while it is selected leaves no other one selected', () => {
  const { state } = after('\x1b[B\x1b[B');
  const left = rows.filter(({ pid }) => pid !== 12);
  const asked = pressKey(state, 'e', left);
  assert.equal(asked.state.mode, 'list');
  assert.match(asked.state.message, /Select the session/);
  // Nor does one that has its PID since.
  const again = rows.map((each) => (each.pid === 12 ? { ...each, start: '2' } : each));
  assert.equal(pressKey(state, 'e', again).state.mode, 'list');
  const ended = pressKey(pressKey(state, 'e', rows).state, 'y', left);
  assert.deepEqual(ended.action, { end: rows[1] });
});

test('Ctrl-C quits from everywhere, q types itself where a text is typed', () => {
  for (const keys of ['\x03', '?\x03', '/x\x03', '\x1b[Be\x03', 'q']) {
    assert.deepEqual(after(keys).actions, ['quit'], JSON.stringify(keys));
  }
  const typed = after('/q\x7fü🙂\x7f');
  assert.deepEqual([typed.actions, typed.state.order.text], [[], 'ü']);
  assert.equal(after('/x\x1b').state.order.text, '');
});

test('what the width has no room for is said, and what the height has none for is counted', () => {
  const many = Array.from({ length: 30 }, (_, pid) => row({ pid: 100 + pid, user: `u${pid}` }));
  const { lines } = after('', { ...plain, width: 40 }, 16, many);
  assert.equal(lines.length, 16);
  assert.match(lines.join(' '), /Not shown for want of width: .*OWNER.*SINCE/);
  assert.match(lines.join('\n'), /^\d+ more$/m);
  // The selected one is always in sight.
  const last = after('\x1b[F', { ...plain, width: 40 }, 16, many).lines;
  assert.match(last.join('\n'), /^> 129 .*\n\d+ above, 0 more$/m);
  assert.match(last.join('\n'), /warning: Something is hidden\./);
});

test('help names every key that does something', () => {
  const text = after('?').lines.join('\n');
  for (const key of ['s', 'r', 'a', '/', 'arrows', 'e', 'q']) {
    assert.match(text, new RegExp(`^ {2}${key} `, 'm'));
  }
  assert.equal(after('?x').state.mode, 'list');
});

test('whatever is pressed and however wide the terminal is, no line is wider', () => {
  const keys = fc.constantFrom('s', 'r', 'a', '/', 'x', '\r', '\x1b', '\x1b[B', '\x1b[A', 'e', '?');
  fc.assert(
    fc.property(
      fc.array(keys, { maxLength: 12 }),
      fc.integer({ min: 12, max: 90 }),
      (typed, width) => {
        for (const line of after(typed.join(''), { ...plain, width }).lines) {
          assert.ok(widthOf(line) <= width, line);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('bytes of a terminal are its keys, and what is no key is none', () => {
  assert.deepEqual(keysOf('\x1b[A\x1bOB\x1b[5~\x1b[1;5Aé\x00\x1b'), [
    'up',
    'down',
    'page-up',
    'é',
    'escape',
  ]);
});
