import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  cut,
  pad,
  printable,
  printableJson,
  widthOf,
  wrap,
} from '../../../src/terminal/printable.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 60 });
/** Everything that a terminal may obey: written out here, apart from the code under test. */
const obeyed = /[\p{Cc}\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/u;

test('no text keeps a character that a terminal could obey, and a harmless one stays as it is', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      assert.doesNotMatch(printable(text), obeyed);
    }),
  );
  for (const text of ['a b.iso', 'Grüße', '日本語', '😀', 'e\u0301', 'C:\\x']) {
    assert.equal(printable(text), text);
  }
});

test('what is not shown is named by its number', () => {
  assert.equal(printable('\x1b[31mred\x07'), '\\x1b[31mred\\x07');
  assert.equal(printable('\x9b2J'), '\\x9b2J');
  assert.equal(printable('gpj.\u202eexe'), 'gpj.\\u{202e}exe');
  assert.equal(printable('\ud800'), '\\u{d800}');
});

test('JSON says the same and has nothing in it that a terminal could obey', () => {
  fc.assert(
    fc.property(fc.dictionary(anyText, anyText), (value) => {
      for (const indent of [0, 2]) {
        const json = printableJson(JSON.stringify(value, null, indent));
        assert.deepEqual(JSON.parse(json), { ...value });
        assert.doesNotMatch(json.replaceAll('\n', ''), obeyed);
      }
    }),
  );
});

test('East Asian characters and emoji take two columns, combining marks none', () => {
  for (const [text, width] of [
    ['abc', 3],
    ['日本', 4],
    ['한글', 4],
    ['ｆｕｌｌ', 8],
    ['😀', 2],
    ['e\u0301', 1],
    ['äöü', 3],
    ['𠀀', 2],
  ] as const) {
    assert.equal(widthOf(text), width, text);
  }
});

test('a text that is cut keeps to its columns, and shows that and where it was cut', () => {
  assert.equal(cut('abcdef', 4, 'end', '…'), 'abc…');
  assert.equal(cut('abcdef', 4, 'start', '…'), '…def');
  assert.equal(cut('日本語', 4, 'end', '~'), '日~');
  assert.equal(cut('日本語', 4, 'start', '~'), '~語');
  assert.equal(cut('abc', 3, 'end', '~'), 'abc');
  fc.assert(
    fc.property(anyText, fc.nat(20), fc.constantFrom('end', 'start'), (text, width, where) => {
      const shown = printable(text);
      const result = cut(shown, width, where, '~');
      assert.ok(widthOf(result) <= width);
      if (widthOf(shown) <= width) assert.equal(result, shown);
    }),
  );
});

test('a text is filled up by columns, not by characters', () => {
  assert.equal(pad('日本', 6, 'left'), '日本  ');
  assert.equal(pad('7', 3, 'right'), '  7');
  assert.equal(pad('long', 3, 'left'), 'long');
});

test('a long text is broken into lines that keep to their columns and say it all', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  assert.deepEqual(wrap('abcdefgh i', 3), ['abc', 'def', 'gh', 'i']);
  fc.assert(
    fc.property(anyText, fc.integer({ min: 2, max: 20 }), (text, width) => {
      const shown = printable(text);
      const lines = wrap(shown, width);
      for (const line of lines) assert.ok(widthOf(line) <= width, JSON.stringify(line));
      assert.equal(lines.join('').replaceAll(' ', ''), shown.replaceAll(' ', ''));
    }),
  );
});
